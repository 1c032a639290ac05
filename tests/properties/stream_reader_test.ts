// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { CancelledError } from "../../loop/mod.ts";
import {
  IncompleteReadError,
  LimitOverrunError,
  StreamReader,
} from "../../streams/mod.ts";
import { createTask, sleep, timeout } from "../../tasks/mod.ts";
import { newVirtualLoop } from "../doubles/fake_host.ts";
import { property } from "./property.ts";

/** One thing that is read, after some passes; and cancelled after some, if it waits by then. */
interface Read {
  passes: number;
  cancelledAfter: number | null;
  what:
    | { do: "readLine" }
    | { do: "readUntil"; separators: string[] }
    | { do: "readExactly"; size: number }
    | { do: "read"; size: number };
}

/** Pieces of the stream, and the passes between them. */
type Feed = { piece: string; passes: number }[];

const piece = fc.string({
  unit: fc.constantFrom("a", "b", "\r", "\n"),
  maxLength: 6,
  size: "max",
});
const feeds: fc.Arbitrary<Feed> = fc.array(
  fc.record({ piece, passes: fc.nat(2) }),
  { maxLength: 10, size: "max" },
);
const separators: fc.Arbitrary<string[]> = fc.oneof(
  fc.subarray(["\n", "\r\n", "ab", "aab", "b"], { minLength: 1 }),
  fc.constant<string[]>(["\n"]),
);
const reads: fc.Arbitrary<Read[]> = fc.array(
  fc.record<Read>({
    passes: fc.nat(2),
    cancelledAfter: fc.option(fc.nat(3)),
    what: fc.oneof<fc.Arbitrary<Read["what"]>[]>(
      fc.constant({ do: "readLine" }),
      fc.record({ do: fc.constant("readUntil" as const), separators }),
      fc.record({
        do: fc.constant("readExactly" as const),
        size: fc.nat(8),
      }),
      fc.record({
        do: fc.constant("read" as const),
        size: fc.integer({ min: -1, max: 8 }),
      }),
    ),
  }),
  { maxLength: 10, size: "max" },
);

property(
  "StreamReader reads the same however the stream is cut up, and a cancelled read takes nothing",
  1_000,
  fc.record({ feed: feeds, reads }),
  ({ feed, reads }) =>
    inVirtualTime(async () => {
      const reader = new StreamReader();
      const feeding = createTask(() => pour(feed, reader));
      let rest = feed.map(({ piece }) => piece).join("");
      for (const read of reads) {
        for (let i = 0; i < read.passes; i++) await sleep(0);
        const got = await attempt(reader, read);
        if (got === null) continue;
        assertAsExpected(read.what, got, rest);
        rest = rest.slice(got.text.length);
      }
      assertEquals(textOf(await reader.read()), rest);
      assert(reader.atEof());
      await feeding;
    }),
);

property(
  "StreamReader.readUntil() gives what is within the limit and loses nothing of what is beyond",
  1_000,
  fc.record({
    feed: feeds,
    limit: fc.integer({ min: 1, max: 6 }),
    separator: fc.constantFrom("\n", "\r\n", "aab"),
  }),
  ({ feed, limit, separator }) =>
    inVirtualTime(async () => {
      const reader = new StreamReader({ limit });
      const feeding = createTask(() => pour(feed, reader));
      const whole = feed.map(({ piece }) => piece).join("");
      let read = "";
      while (!reader.atEof()) {
        const end = whole.indexOf(separator, read.length);
        const isWithin = end !== -1 && end - read.length <= limit;
        try {
          const chunk = textOf(await reader.readUntil(separator));
          assert(isWithin, "It is longer than the limit");
          read += chunk;
          assertEquals(read.length, end + separator.length);
        } catch (error) {
          assert(!isWithin, "It is within the limit");
          read += await whatIsLeft(reader, error);
        }
        assert(whole.startsWith(read));
      }
      assertEquals(read, whole);
      await feeding;
    }),
);

/** Seconds after which nothing happens any more. */
const QUIET = 1000;

async function inVirtualTime(main: () => Promise<void>): Promise<void> {
  const loop = newVirtualLoop();
  try {
    await loop.runUntilComplete(() => timeout(QUIET, main));
  } finally {
    loop.close();
  }
}

async function pour(feed: Feed, reader: StreamReader): Promise<void> {
  for (const { piece, passes } of feed) {
    reader.feedData(new TextEncoder().encode(piece));
    for (let i = 0; i < passes; i++) await sleep(0);
  }
  reader.feedEof();
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** What was read, and whether the stream ended too early; `null` if the read was cancelled. */
async function attempt(
  reader: StreamReader,
  { what, cancelledAfter }: Read,
): Promise<{ text: string; isIncomplete: boolean } | null> {
  const task = createTask(() => start(reader, what));
  if (cancelledAfter !== null) {
    for (let i = 0; i < cancelledAfter; i++) await sleep(0);
    task.cancel();
  }
  try {
    return { text: textOf(await task), isIncomplete: false };
  } catch (error) {
    if (error instanceof CancelledError) return null;
    if (!(error instanceof IncompleteReadError)) throw error;
    return { text: textOf(error.partial), isIncomplete: true };
  }
}

function start(
  reader: StreamReader,
  what: Read["what"],
): PromiseLike<Uint8Array> {
  switch (what.do) {
    case "readLine":
      return reader.readLine();
    case "readUntil":
      return reader.readUntil(what.separators);
    case "readExactly":
      return reader.readExactly(what.size);
    case "read":
      return reader.read(what.size);
  }
}

/** Throws unless that is what must be read where `rest` is what is left of the stream. */
function assertAsExpected(
  what: Read["what"],
  got: { text: string; isIncomplete: boolean },
  rest: string,
): void {
  if (what.do === "read" && what.size > 0) {
    // How much of it depends on what has come.
    assert(!got.isIncomplete && rest.startsWith(got.text));
    assert(got.text.length <= what.size);
    assert(got.text.length > 0 || rest === "", "Empty before the end");
    return;
  }
  const length = expectedLength(what, rest);
  const isIncomplete = length === null &&
    (what.do === "readUntil" || what.do === "readExactly");
  assertEquals(got, { text: rest.slice(0, length ?? undefined), isIncomplete });
}

/** How long what is read is, or `null` if the stream ends before. */
function expectedLength(what: Read["what"], rest: string): number | null {
  switch (what.do) {
    case "readLine":
      return firstEnd(rest, ["\n"]);
    case "readUntil":
      return firstEnd(rest, what.separators);
    case "readExactly":
      return what.size <= rest.length ? what.size : null;
    case "read":
      return what.size < 0 ? null : what.size;
  }
}

function firstEnd(rest: string, separators: readonly string[]): number | null {
  for (let end = 1; end <= rest.length; end++) {
    const head = rest.slice(0, end);
    if (separators.some((separator) => head.endsWith(separator))) return end;
  }
  return null;
}

/** What there is instead of a chunk: the end of the stream, or as much as the error says. */
async function whatIsLeft(
  reader: StreamReader,
  error: unknown,
): Promise<string> {
  if (error instanceof IncompleteReadError) return textOf(error.partial);
  if (!(error instanceof LimitOverrunError)) throw error;
  assert(error.consumed > 0);
  return textOf(await reader.readExactly(error.consumed));
}
