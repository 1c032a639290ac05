// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { Protocol } from "../protocols.ts";
import { ChunkSource } from "./read_half.ts";

/** Reads chunks of the given sizes, each filled with its number; returns them and the sizes of the memory. */
async function read(...sizes: number[]) {
  const memories: Uint8Array[] = [];
  const chunks: Uint8Array[] = [];
  const source = new ChunkSource({
    read(memory) {
      const count = Math.min(sizes[chunks.length]!, memory.length);
      memory.subarray(0, count).fill(chunks.length);
      memories.push(memory);
      return Promise.resolve(count);
    },
  });
  const protocol = new Protocol();
  protocol.dataReceived = (chunk) => void chunks.push(chunk);
  while (chunks.length < sizes.length) {
    source.deliver((await source.read(protocol))!, protocol);
  }
  for (const [i, chunk] of chunks.entries()) {
    assert(chunk.every((byte) => byte === i), `chunk ${i} was overwritten`);
  }
  return { chunks, memories };
}

Deno.test("ChunkSource hands out small chunks as views of a block", async () => {
  const { chunks } = await read(64, 64, 100, 64, 900, 64, 64);
  assertStrictEquals(chunks[0]!.buffer, chunks[2]!.buffer);
  assert(chunks.every(({ buffer }) => buffer.byteLength <= 16 * 1024));
});

Deno.test("ChunkSource hands out large chunks with memory of their own", async () => {
  const { chunks, memories } = await read(
    ...Array.from({ length: 20 }, () => 60_000),
  );
  for (const chunk of chunks.slice(10)) {
    assertEquals([chunk.length, chunk.buffer.byteLength], [60_000, 60_000]);
  }
  assertStrictEquals(memories[15], memories[19]);
});

Deno.test("ChunkSource offers more memory than it expects, and not too much", async () => {
  const { chunks, memories } = await read(
    ...Array.from({ length: 40 }, () => 1_000_000),
    ...Array.from({ length: 60 }, () => 10),
  );
  assertEquals(chunks[39]!.length, 128 * 1024);
  assertEquals(memories[39]!.length, 128 * 1024);
  assert(memories[99]!.length < 20_000, `${memories[99]!.length}`);
  for (const size of [1000, 2000, 2048, 2049, 5000, 20_000]) {
    const { memories } = await read(...Array.from({ length: 30 }, () => size));
    for (const { length } of memories.slice(10)) {
      assert(
        length >= 2 * size && length <= 16 * size,
        `${length} for ${size}`,
      );
    }
  }
});
