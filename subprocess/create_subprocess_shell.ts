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
