// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Stdio, STDOUT } from "./process/stdio.ts";

/** How a process is started. */
export interface SubprocessOptions {
  /**
   * Its standard input. A file is read by this program, which passes it on and may read more of it than
   * the process does; it stays open.
   */
  stdin?: Stdio | null | undefined;
  /**
   * Its standard output. Into a file this program writes what the process does, at the file's position; it
   * stays open.
   */
  stdout?: Stdio | null | undefined;
  /**
   * Its standard error, likewise; `STDOUT` for where its standard output goes. In the order in which it writes
   * to both they only come with `STDOUT`, also if they go into the same file.
   */
  stderr?: Stdio | typeof STDOUT | null | undefined;
  /** The directory that it starts in; this program's, if it is left out. */
  cwd?: string | URL | null | undefined;
  /** Environment variables beside this program's, or in place of them. */
  env?: Readonly<Record<string, string>> | null | undefined;
  /** Whether it gets none of this program's environment variables. */
  clearEnv?: boolean | undefined;
  /** The user that it runs as, by number; not on Windows. */
  uid?: number | undefined;
  /** The group that it runs as, by number; not on Windows. */
  gid?: number | undefined;
  /**
   * Whether it runs in a session of its own and may outlive this program, and its event loop. Its pipes and
   * files end with those: connect it to `DEVNULL`, or to what this program has itself.
   */
  detached?: boolean | undefined;
}
