// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Connects a standard stream of a process to a pipe.
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
 * });
 * ```
 *
 * @category Subprocesses
 * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.PIPE}
 */
export const PIPE = "piped" as const;

/**
 * Connects a standard stream of a process to the null device: input is empty, output is discarded.
 *
 * @example Usage
 * ```ts
 * import { createSubprocessExec, DEVNULL, run } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const process = await createSubprocessExec("echo", ["hello"], { stdout: DEVNULL });
 *   assertEquals(await process.wait(), 0);
 * });
 * ```
 *
 * @category Subprocesses
 * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.DEVNULL}
 */
export const DEVNULL = "null" as const;

/**
 * Redirects the standard error of a process to its standard output, preserving the order of writes.
 *
 * @example Usage
 * ```ts
 * import { createSubprocessShell, PIPE, run, STDOUT } from "@asyncio/asyncio";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   const process = await createSubprocessShell("echo one; echo two >&2; echo three", {
 *     stdout: PIPE,
 *     stderr: STDOUT,
 *   });
 *   const [stdout, stderr] = await process.communicate();
 *   assertEquals(new TextDecoder().decode(stdout!), "one\ntwo\nthree\n");
 *   assertEquals(stderr, null);
 * });
 * ```
 *
 * @category Subprocesses
 * @see {@link https://docs.python.org/3/library/asyncio-subprocess.html#asyncio.subprocess.STDOUT}
 */
export const STDOUT = "stdout" as const;

/**
 * The target of a standard stream: a pipe, the null device, this program's own stream (`"inherit"`), or an open
 * file.
 *
 * @category Subprocesses
 */
export type SubprocessStdio =
  | typeof PIPE
  | typeof DEVNULL
  | "inherit"
  | Deno.FsFile;
