// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Future } from "../loop/core/future.ts";
import { callInline } from "../loop/core/inline_call.ts";
import type { SubprocessOptions } from "../loop/net/options.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import { wrongType } from "../loop/core/validate.ts";
import {
  inheriting,
  makeProcess,
  type Process,
  SubprocessStreamProtocol,
} from "./process.ts";

/**
 * How `createSubprocessExec()` and `createSubprocessShell()` start a process.
 *
 * @category Subprocesses
 */
export interface CreateSubprocessOptions extends SubprocessOptions {
  /** The longest line of its outputs, in bytes, and half of what their readers buffer; 64 KiB by default. */
  limit?: number | undefined;
}

/**
 * Starts a program. It inherits the standard streams of this program by default.
 *
 * Needs `--allow-run` for the program. With `stderr: STDOUT`, a shell runs the program, which needs `--allow-run=sh`
 * as well; a program that the shell cannot start then exits with 126 or 127, unless `--allow-read` allows to check
 * its path beforehand.
 *
 * Cancel safe: no process is left behind.
 *
 * @param program The name of the program, which is searched for as in the shell, or its path.
 * @param args The arguments.
 * @param options Standard streams, working directory and environment.
 * @returns A future of the running process.
 * @throws {TypeError} If an argument is of the wrong type.
 * @throws {RangeError} If the limit is not greater than 0.
 * @throws {Deno.errors.NotFound} If the program or the working directory does not exist.
 * @throws {Deno.errors.PermissionDenied} If the file is not executable.
 * @throws {Deno.errors.NotCapable} If a permission is missing.
 * @throws {Deno.errors.NotSupported} If `stderr` is `STDOUT` on Windows, or if the path of the program contains `=`
 * and the name of an environment variable is one that the shell drops.
 *
 * @example Usage
 * ```ts
 * import { createSubprocessExec, PIPE, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const process = await createSubprocessExec("echo", ["hello"], { stdout: PIPE });
 *   const [stdout] = await process.communicate();
 *   assertEquals(new TextDecoder().decode(stdout!), "hello\n");
 *   assertEquals(process.returnCode, 0);
 * });
 * ```
 *
 * @category Subprocesses
 * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.create_subprocess_exec}
 */
export function createSubprocessExec(
  program: string | URL,
  args: readonly string[] = [],
  options: CreateSubprocessOptions = {},
): Future<Process> {
  // Before the options: in Python, each argument is a parameter.
  if (!Array.isArray(args)) {
    throw wrongType(
      "The args of createSubprocessExec()",
      'an array, as in createSubprocessExec("ls", ["-l"])',
      args,
    );
  }
  const scheduler = currentScheduler();
  const { loop } = scheduler;
  return callInline(scheduler, "createSubprocessExec()", async () => {
    const [transport, protocol] = await loop.subprocessExec(
      () => new SubprocessStreamProtocol(loop, options),
      program,
      args,
      inheriting("createSubprocessExec", options),
    );
    return makeProcess(transport, protocol);
  });
}

/**
 * Runs a command in the shell: `/bin/sh`, or `cmd` on Windows. Otherwise it works as `createSubprocessExec()`. Needs
 * `--allow-run` for `/bin/sh` or `sh`.
 *
 * Parts of the command that come from elsewhere must be quoted, or they can run anything: prefer
 * `createSubprocessExec()`, which needs no quoting.
 *
 * Cancel safe: no process is left behind.
 *
 * @param command The command.
 * @param options Standard streams, working directory and environment.
 * @returns A future of the running process.
 * @throws {TypeError} If an argument is of the wrong type.
 * @throws {RangeError} If the limit is not greater than 0.
 * @throws {Deno.errors.NotFound} If the working directory does not exist.
 * @throws {Deno.errors.NotCapable} If a permission is missing.
 *
 * @example Usage
 * ```ts
 * import { createSubprocessShell, PIPE, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const process = await createSubprocessShell("echo one two | wc -w", { stdout: PIPE });
 *   const [stdout] = await process.communicate();
 *   assertEquals(new TextDecoder().decode(stdout!).trim(), "2");
 * });
 * ```
 *
 * @category Subprocesses
 * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.create_subprocess_shell}
 */
export function createSubprocessShell(
  command: string,
  options: CreateSubprocessOptions = {},
): Future<Process> {
  const scheduler = currentScheduler();
  const { loop } = scheduler;
  return callInline(scheduler, "createSubprocessShell()", async () => {
    const [transport, protocol] = await loop.subprocessShell(
      () => new SubprocessStreamProtocol(loop, options),
      command,
      inheriting("createSubprocessShell", options),
    );
    return makeProcess(transport, protocol);
  });
}
