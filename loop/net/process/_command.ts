// Copyright 2026 the asyncio for Deno authors. MIT license.

import { shown } from "../../shown.ts";
import { hasMethods, typeNameOf } from "../engine/assertions.ts";
import type { ShellEnvironment } from "./_shell_environment.ts";
import { DEVNULL, PIPE, STDOUT } from "./stdio.ts";
import type { SubprocessOptions } from "./subprocess_options.ts";

/** What is run: a program, or the shell with a command. */
export interface Command {
  readonly program: string | URL;
  readonly args: readonly string[];
  /** Whether the arguments are handed to the program as they are, which only Windows knows. */
  readonly isRaw?: boolean;
}

/** The program with its arguments; throws unless it is one. */
export function programOf(
  program: string | URL,
  args: readonly string[],
): Command {
  if (!(program instanceof URL)) assertText("the program", program);
  else if (program.protocol !== "file:") {
    throw new RangeError(
      `Expected a path or a file: URL as the program: received ${program}`,
    );
  }
  if (program === "") {
    throw new RangeError(
      "Expected the name of a program: received an empty one",
    );
  }
  if (!Array.isArray(args)) {
    throw new TypeError(
      `Expected an array of strings as the arguments: received ${shown(args)}`,
    );
  }
  for (const [i, arg] of args.entries()) assertText(`args[${i}]`, arg);
  return { program, args };
}

/** The same, with its standard error where its standard output goes: the shell knows how, Deno does not. */
export function withErrorInOutput(
  { program, args }: Command,
  { lost, restoring }: ShellEnvironment,
): Command {
  assertShellOfUnix();
  const path = typeof program === "string"
    ? program
    : decodeURIComponent(program.pathname);
  const script = 'exec "$0" "$@" 2>&1';
  // To `env`, a path with "=" would be a variable of its own.
  const isEnvFit = !path.includes("=");
  if (!isEnvFit && lost.length > 0) {
    throw new Deno.errors.NotSupported(
      `stderr: STDOUT cannot pass on variables with such names to a program with "=" in its path: ${
        lost.join(", ")
      }`,
    );
  }
  if (!isEnvFit || restoring.length === 0) {
    return shellWith(script, [path, ...args]);
  }
  return shellWith(script, ["/usr/bin/env", ...restoring, path, ...args]);
}

/** The shell that runs a command, if need be with its standard error where its standard output goes. */
export function shellCommandOf(
  command: string,
  { isErrorInOutput }: { isErrorInOutput: boolean },
): Command {
  assertText("the command", command);
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

/** Where the shell is, by its path unless the program may only run it by its name. */
function shell(): string {
  const path = "/bin/sh";
  const { state } = Deno.permissions.querySync({ name: "run", command: path });
  return state === "granted" ? path : "sh";
}

function assertShellOfUnix(): void {
  if (Deno.build.os !== "windows") return;
  throw new Deno.errors.NotSupported(
    "stderr: STDOUT is not supported for a program on Windows: use createSubprocessShell(), or two pipes",
  );
}

/** Throws unless a process can be asked for in this way. The program and its arguments are not looked at. */
export function assertSubprocessOptions(options: SubprocessOptions): void {
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

/** Throws unless the value is text that a system call can take. */
function assertText(what: string, value: unknown): void {
  if (typeof value !== "string") {
    throw new TypeError(
      `Expected a string as ${what}: received ${typeNameOf(value)}`,
    );
  }
  if (value.includes("\0")) {
    throw new RangeError(
      `Expected ${what} without a null character: received ${
        JSON.stringify(value)
      }`,
    );
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
  throw new TypeError(
    `Expected PIPE, DEVNULL, "inherit" or a Deno.FsFile as ${name}: received ${
      shown(value)
    }`,
  );
}

function assertDirectory(cwd: unknown): void {
  if (cwd == null) return;
  if (!(cwd instanceof URL)) assertText("cwd", cwd);
  else if (cwd.protocol !== "file:") {
    throw new RangeError(
      `Expected a path or a file: URL as cwd: received ${cwd}`,
    );
  }
}

function assertEnvironment(env: unknown): void {
  if (env == null) return;
  if (typeof env !== "object") {
    throw new TypeError(
      `Expected an object with environment variables as env: received ${typeof env}`,
    );
  }
  for (const [name, value] of Object.entries(env)) {
    assertText(`the environment variable ${name}`, value);
    assertText("the name of an environment variable", name);
    if (name !== "" && !name.includes("=")) continue;
    throw new RangeError(
      `Expected the name of an environment variable in env: received ${
        JSON.stringify(name)
      }`,
    );
  }
}

function assertId(name: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) {
    return;
  }
  throw new RangeError(
    `Expected an integer of 0 or more as ${name}: received ${shown(value)}`,
  );
}
