// Copyright 2026 the asyncio for Deno authors. MIT license.

/** What `loop.connectReadPipe()` reads: a `Deno.FsFile`, `Deno.stdin`, or a web stream of bytes. */
export type ReadablePipe =
  | ReadableStream<Uint8Array>
  | { read(memory: Uint8Array): Promise<number | null>; close(): void };

/** What `loop.connectWritePipe()` writes: a `Deno.FsFile`, `Deno.stdout`, or a web stream of bytes. */
export type WritablePipe =
  | WritableStream<Uint8Array>
  | { write(data: Uint8Array): Promise<number>; close(): void };
