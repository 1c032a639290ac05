// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { STDOUT, SubprocessStdio } from "./subprocess_transport.ts";

/**
 * A host, by name or address, and a port. A `Deno.NetAddr` is one.
 *
 * @category Transports and protocols
 */
export interface HostAddress {
  /** The host's name or address. */
  hostname: string;
  /** The port. */
  port: number;
  /** Ignored, so that a `Deno.NetAddr` can be passed. */
  transport?: Deno.NetAddr["transport"] | undefined;
}

/**
 * Options with a `sock`, which takes the place of an address.
 *
 * @typeParam O The type of the options.
 * @category Transports and protocols
 */
export type WithSock<O extends { sock?: unknown }> = O & {
  sock: NonNullable<O["sock"]>;
};

/**
 * A source for `loop.connectReadPipe()`: a `Deno.FsFile`, `Deno.stdin`, or a web stream of bytes.
 *
 * @category Transports and protocols
 */
export type ReadablePipe =
  | ReadableStream<Uint8Array>
  | { read(memory: Uint8Array): Promise<number | null>; close(): void };

/**
 * A sink for `loop.connectWritePipe()`: a `Deno.FsFile`, `Deno.stdout`, or a web stream of bytes.
 *
 * @category Transports and protocols
 */
export type WritablePipe =
  | WritableStream<Uint8Array>
  | { write(data: Uint8Array): Promise<number>; close(): void };

/** How a web stream is used as a pipe. */
export interface StreamPipeOptions {
  /**
   * Whether the stream comes from Deno and only this transport uses it. Such a stream does not keep chunks, so
   * they are not copied, and it stays locked: releasing the lock creates errors, which cost more than everything
   * else that a short-lived pipe does.
   */
  readonly isOwn?: boolean;
}

/**
 * The options of `loop.sendFile()` and `loop.sockSendFile()`.
 *
 * @category Transports and protocols
 */
export interface SendFileOptions {
  /** The position in the file to start at, in bytes; 0 by default. */
  offset?: number | undefined;
  /** The maximum number of bytes to send; by default everything up to the end of the file. */
  count?: number | null | undefined;
  /**
   * Whether the program may read and send the file itself when the system cannot send it directly; `true` by
   * default. No system can under Deno.
   */
  fallback?: boolean | undefined;
}

/**
 * The options for starting a process.
 *
 * @category Subprocesses
 */
export interface SubprocessOptions {
  /**
   * The standard input. This program reads a file and passes it on, possibly more of it than the process
   * reads. The file stays open.
   */
  stdin?: SubprocessStdio | null | undefined;
  /**
   * The standard output. This program writes the output to a file, at the file's position. The file stays open.
   */
  stdout?: SubprocessStdio | null | undefined;
  /**
   * The standard error, likewise; `STDOUT` sends it where the standard output goes. Only `STDOUT` keeps the order
   * in which the process writes to the two, even if both go to the same file.
   */
  stderr?: SubprocessStdio | typeof STDOUT | null | undefined;
  /** The working directory; by default that of this program. */
  cwd?: string | URL | null | undefined;
  /** Environment variables, which are added to those of this program or override them. */
  env?: Readonly<Record<string, string>> | null | undefined;
  /** Whether the process inherits none of this program's environment variables; `false` by default. */
  clearEnv?: boolean | undefined;
  /** The numeric id of the user to run as; not on Windows. */
  uid?: number | undefined;
  /** The numeric id of the group to run as; not on Windows. */
  gid?: number | undefined;
  /**
   * Whether the process runs in its own session and may outlive this program and its event loop; `false` by
   * default. Its pipes and files end with them: connect it to `DEVNULL`, or let it inherit.
   */
  detached?: boolean | undefined;
}
