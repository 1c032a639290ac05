// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Future } from "../loop/core/future.ts";
import { callInline } from "../loop/core/inline_call.ts";
import type { SubprocessOptions } from "../loop/net/options.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import {
  inheriting,
  SubprocessStreamProtocol,
} from "./_subprocess_stream_protocol.ts";
import { makeProcess, type Process } from "./process.ts";

/** How `createSubprocessExec()` and `createSubprocessShell()` start a process. */
export interface CreateSubprocessOptions extends SubprocessOptions {
  /** The longest line of its outputs, in bytes, and half of what their readers buffer; 64 KiB by default. */
  limit?: number | undefined;
}

/**
 * Starts a program. Its standard streams are those of this program unless the options say otherwise.
 *
 * Needs `--allow-run` for the program, and nothing else. With `stderr: STDOUT` it is the shell that runs the
 * program, so that it needs `--allow-run=sh` as well; what the shell cannot start, which for a path is only
 * known beforehand with `--allow-read`, exits with 126 or 127 then.
 *
 * Cancelled, it leaves no process behind.
 *
 * @param program The name of the program, looked for as the shell does, or its path.
 * @param args Its arguments.
 * @param options Its standard streams, its directory, its environment.
 * @returns The process, which runs.
 * @throws {Deno.errors.NotFound} If there is no such program, or no such directory.
 * @throws {Deno.errors.PermissionDenied} If the file must not be run.
 * @throws {Deno.errors.NotCapable} If this program lacks a permission.
 * @throws {Deno.errors.NotSupported} If `stderr` is `STDOUT` on Windows, or where the program has `=` in its
 * path and an environment variable a name that the shell drops.
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
 * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.create_subprocess_exec}
 */
export function createSubprocessExec(
  program: string | URL,
  args: readonly string[] = [],
  options: CreateSubprocessOptions = {},
): Future<Process> {
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
