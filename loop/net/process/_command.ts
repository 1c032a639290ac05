// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertText } from "./_assert_options.ts";
import { nameOf } from "../engine/name_of.ts";

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
      `Expected an array of strings as the arguments: received ${nameOf(args)}`,
    );
  }
  for (const [i, arg] of args.entries()) assertText(`args[${i}]`, arg);
  return { program, args };
}

/** The same, with its standard error where its standard output goes: the shell knows how, Deno does not. */
export function withErrorInOutput({ program, args }: Command): Command {
  assertShellOfUnix();
  const path = typeof program === "string"
    ? program
    : decodeURIComponent(program.pathname);
  return shellWith('exec "$0" "$@" 2>&1', [path, ...args]);
}

/** The shell that runs a command, if need be with its standard error where its standard output goes. */
export function commandOf(
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
