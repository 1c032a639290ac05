// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { SubprocessOptions } from "../options.ts";

/** The names that every shell takes. Others some pass on, and some drop. */
const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The variables that some shell sets itself, whatever they were. */
const SHELLS_OWN: ReadonlySet<string> = new Set([
  "BASH",
  "BASHOPTS",
  "BASHPID",
  "BASH_ARGV0",
  "BASH_COMMAND",
  "BASH_VERSION",
  "COMP_WORDBREAKS",
  "EPOCHREALTIME",
  "EPOCHSECONDS",
  "EUID",
  "HISTCMD",
  "IFS",
  "LINENO",
  "OLDPWD",
  "OPTERR",
  "OPTIND",
  "PPID",
  "PS1",
  "PS2",
  "PS4",
  "PWD",
  "RANDOM",
  "SECONDS",
  "SHELLOPTS",
  "SHLVL",
  "SRANDOM",
  "UID",
]);

/** Those that a shell adds where they are not. */
const ADDED: readonly string[] = ["OLDPWD", "PWD", "SHLVL"];

/** How an environment gets through a shell that goes on as a program. */
export interface ShellEnvironment {
  /** The variables that the shell itself is to have, beside those that it inherits. */
  readonly env: Record<string, string>;
  /** The names of those that some shells would drop. */
  readonly lost: readonly string[];
  /** The arguments of `env` that restore them; none if nothing is to be restored. */
  readonly restoring: readonly string[];
}

/**
 * The environment of a program that a shell becomes. What the program inherits counts as far as this one
 * may read it.
 */
export function shellEnvironmentOf(
  { env: own, clearEnv = false }: SubprocessOptions,
): ShellEnvironment {
  const mayRead = mayReadEnvironment();
  const inherited = !clearEnv && mayRead ? Deno.env.toObject() : {};
  const complete: Record<string, string> = { ...inherited, ...own };
  const names = Object.keys(complete).filter((name) =>
    SHELLS_OWN.has(name) || !SHELL_NAME.test(name)
  );
  const env = { ...own };
  for (const name of names) delete env[name];
  // The Debian shell does not even begin if this is not a number, and it may be inherited.
  if (names.includes("OPTIND")) env.OPTIND = "1";
  const added = clearEnv || mayRead
    ? ADDED.filter((name) => !(name in complete))
    : [];
  const removals = added.flatMap((name) => ["-u", name]);
  const assignments = names.map((name) => `${name}=${complete[name]}`);
  const restoring = [...removals, "--", ...assignments];
  const lost = names.filter((name) => !SHELL_NAME.test(name));
  return { env, lost, restoring: restoring.length > 1 ? restoring : [] };
}

function mayReadEnvironment(): boolean {
  const { state, partial } = Deno.permissions.querySync({ name: "env" });
  return state === "granted" && !partial;
}
