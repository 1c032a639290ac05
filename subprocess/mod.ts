// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Subprocesses: starting programs, talking to them over streams, waiting for them and ending them.
 *
 * @example Usage
 * ```ts
 * import { createSubprocessExec, PIPE } from "@asyncio/asyncio/subprocess";
 *
 * const process = await createSubprocessExec(Deno.execPath(), ["--version"], {
 *   stdout: PIPE,
 * });
 * const [stdout] = await process.communicate();
 * console.log(new TextDecoder().decode(stdout!));
 * ```
 *
 * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html}
 *
 * @module
 */

// Registers the event loop, which `future.getLoop()` needs; this loads no network code.
import "../loop/preload.ts";
export {
  DEVNULL,
  PIPE,
  STDOUT,
  type SubprocessStdio,
} from "../loop/net/subprocess_transport.ts";
export type { SubprocessOptions } from "../loop/net/options.ts";
export {
  createSubprocessExec,
  type CreateSubprocessOptions,
  createSubprocessShell,
} from "./create_subprocess.ts";
export { Process } from "./process.ts";
