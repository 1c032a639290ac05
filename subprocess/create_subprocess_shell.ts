// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Future } from "../loop/core/future.ts";
import { callInline } from "../loop/core/inline_call.ts";
import { currentScheduler } from "../loop/core/scheduler.ts";
import {
  inheriting,
  SubprocessStreamProtocol,
} from "./_subprocess_stream_protocol.ts";
import type { CreateSubprocessOptions } from "./create_subprocess_exec.ts";
import { makeProcess, type Process } from "./process.ts";

/**
 * Has the shell run a command: `/bin/sh`, or `cmd` on Windows. For the rest it is as
 * `createSubprocessExec()`; it needs `--allow-run` for `/bin/sh` or `sh`.
 *
 * What of the command comes from elsewhere must be quoted for the shell, or it may run anything:
 * `createSubprocessExec()` needs no quoting.
 *
 * Cancelled, it leaves no process behind.
 *
 * @param command The command.
 * @param options Its standard streams, its directory, its environment.
 * @returns The process, which runs.
 * @throws {Deno.errors.NotFound} If there is no such directory.
 * @throws {Deno.errors.NotCapable} If this program lacks a permission.
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
