// Copyright 2026 the asyncio for Deno authors. MIT license.

import { isInstance } from "../../core/unknown_value.ts";
import {
  assertFlags,
  assertInteger,
  assertOptions,
  hasMethods,
  outOfRange,
  wrongType,
} from "../../core/validate.ts";
import type { ShellEnvironment } from "./_shell_environment.ts";
import { DEVNULL, PIPE, STDOUT } from "./stdio.ts";
import type { SubprocessOptions } from "../options.ts";

/** The command line of a program or of the shell. */
export interface Command {
  readonly program: string | URL;
  readonly args: readonly string[];
  /** Whether to pass the arguments verbatim. Windows only. */
  readonly isRaw?: boolean;
}

/** Returns the command of a program; throws unless its arguments are valid. */
export function programOf(
  program: string | URL,
  args: readonly string[],
): Command {
  if (!isInstance(program, URL)) assertText("The program", program);
  else if (program.protocol !== "file:") {
    throw outOfRange("The program", "a path or a file: URL", program.href);
  }
  if (program === "") {
    throw outOfRange("The program", "the name of a program", program);
  }
  if (!Array.isArray(args)) {
    throw wrongType("The arguments", "an array of strings", args);
  }
  for (const [i, arg] of args.entries()) assertText(`The args[${i}]`, arg);
  return { program, args };
}

/**
 * Returns the command with its standard error redirected to its standard output. This needs the shell, as
 * `Deno.Command` does not support it.
 */
export function withErrorInOutput(
  { program, args }: Command,
  { lost, restoring }: ShellEnvironment,
): Command {
  assertShellOfUnix();
  const path = typeof program === "string"
    ? program
    : decodeURIComponent(program.pathname);
  const script = 'exec "$0" "$@" 2>&1';
  // `env` would take a path with "=" for a variable.
  const isEnvFit = !path.includes("=");
  if (!isEnvFit && lost.length > 0) {
    throw new Deno.errors.NotSupported(
      `stderr: STDOUT does not support these variable names for a program with "=" in its path: ${
        lost.join(", ")
      }`,
    );
  }
  if (!isEnvFit || restoring.length === 0) {
    return shellWith(script, [path, ...args]);
  }
  return shellWith(script, ["/usr/bin/env", ...restoring, path, ...args]);
}

/** Returns the command of the shell, optionally with its standard error redirected to its standard output. */
export function shellCommandOf(
  command: string,
  { isErrorInOutput }: { isErrorInOutput: boolean },
): Command {
  assertText("The command", command);
  if (Deno.build.os === "windows") {
    const line = isErrorInOutput ? `(${command}) 2>&1` : command;
    return {
      program: "cmd",
      args: ["/d", "/s", "/c", `"${line}"`],
      isRaw: true,
    };
  }
  return shellWith(isErrorInOutput ? `exec 2>&1\n${command}` : command, []);
}

function shellWith(script: string, args: readonly string[]): Command {
  return { program: shell(), args: ["-c", script, ...args] };
}

/** Returns the path of the shell, or its name if the program only has permission to run it by name. */
function shell(): string {
  const path = "/bin/sh";
  const { state } = Deno.permissions.querySync({ name: "run", command: path });
  return state === "granted" ? path : "sh";
}

function assertShellOfUnix(): void {
  if (Deno.build.os !== "windows") return;
  throw new Deno.errors.NotSupported(
    "stderr: STDOUT is not supported for programs on Windows: use createSubprocessShell() or two pipes",
  );
}

/** Throws unless the options are valid. */
export function assertSubprocessOptions(
  method: string,
  options: SubprocessOptions,
): void {
  assertOptions(method, options);
  assertFlags(method, options, "clearEnv", "detached");
  assertStdio("stdin", options.stdin, "read");
  assertStdio("stdout", options.stdout, "write");
  if (options.stderr !== STDOUT) {
    assertStdio("stderr", options.stderr, "write");
  }
  assertDirectory(options.cwd);
  assertEnvironment(options.env);
  assertId("uid", options.uid);
  assertId("gid", options.gid);
}

/** Throws unless the value is a string without null characters, as system calls require. */
function assertText(what: string, value: unknown): void {
  if (typeof value !== "string") {
    throw wrongType(what, "a string", value);
  }
  if (value.includes("\0")) {
    throw outOfRange(what, "without a null character", value);
  }
}

function assertStdio(
  name: string,
  value: unknown,
  method: "read" | "write",
): void {
  if (value == null || hasMethods(value, method)) return;
  if (value === STDOUT) {
    throw new RangeError(`STDOUT can only be used for stderr, not for ${name}`);
  }
  if (value === PIPE || value === DEVNULL || value === "inherit") return;
  throw wrongType(
    `The ${name}`,
    'PIPE, DEVNULL, "inherit" or a Deno.FsFile',
    value,
  );
}

function assertDirectory(cwd: unknown): void {
  if (cwd == null) return;
  if (!isInstance(cwd, URL)) assertText("The cwd", cwd);
  else if (cwd.protocol !== "file:") {
    throw outOfRange("The cwd", "a path or a file: URL", cwd.href);
  }
}

function assertEnvironment(env: unknown): void {
  if (env == null) return;
  if (typeof env !== "object") {
    throw wrongType("The env", "an object with environment variables", env);
  }
  for (const [name, value] of Object.entries(env)) {
    assertText(`The environment variable ${name}`, value);
    assertText("The name of an environment variable", name);
    if (name !== "" && !name.includes("=")) continue;
    throw outOfRange(
      "Each name in env",
      "the name of an environment variable",
      name,
    );
  }
}

/** The greatest valid id. One more means "no change" to system calls. */
const MAX_ID = 2 ** 32 - 2;

function assertId(name: string, value: unknown): void {
  if (value === undefined) return;
  assertInteger(`The ${name} option`, value, 0, MAX_ID);
}
