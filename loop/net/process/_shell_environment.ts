// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { SubprocessOptions } from "../options.ts";

/** The names that all shells pass on. Some shells drop other names. */
const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The variables that some shells overwrite. */
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

/** The variables that shells add if they are missing. */
const ADDED: readonly string[] = ["OLDPWD", "PWD", "SHLVL"];

/** How to pass an environment through a shell that executes a program. */
export interface ShellEnvironment {
  /** The variables for the shell, in addition to those that it inherits. */
  readonly env: Record<string, string>;
  /** The names of the variables that some shells drop. */
  readonly lost: readonly string[];
  /** The arguments of env(1) that restore the variables; empty if there is nothing to restore. */
  readonly restoring: readonly string[];
}

/**
 * Returns how to pass an environment through the shell. Inherited variables are included if this program may read
 * them.
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
  // Debian's shell does not start if this variable, which may be inherited, is not a number.
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
