// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { CancelledError, ReadTransport, type Task } from "../../loop/mod.ts";
import {
  IncompleteReadError,
  LimitOverrunError,
  StreamReader,
} from "../../streams/mod.ts";
import { Event } from "../../sync/mod.ts";
import { createTask, sleep } from "../../tasks/mod.ts";
import { inVirtualTime } from "../../testing/mod.ts";
import { property } from "./property.ts";
import { textOf } from "../doubles/text.ts";

/** One thing that is read, after some passes; and cancelled after some, if it waits by then. */
interface Read {
  passes: number;
  cancelledAfter: number | null;
  what:
    | { do: "readLine" }
    | { do: "next" }
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
/** Characters of one to four bytes. */
const UNITS = ["a", "b", "\r", "\n", "\n", "\u00e9", "\uFEFF", "\u{1F600}"];
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
      fc.constant({ do: "next" }),
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
  fc.record({ feed: feeds, reads, isWeb: fc.boolean() }),
  ({ feed, reads, isWeb }) =>
    inVirtualTime(async () => {
      const [reader, feeding] = isWeb ? web(feed) : fed(feed);
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
    })(),
);

property(
  "StreamReader.readUntil() returns chunks within the limit and loses no bytes beyond it",
  1_000,
  fc.record({
    feed: feeds,
    limit: fc.integer({ min: 1, max: 6 }),
    separators,
  }),
  ({ feed, limit, separators }) =>
    inVirtualTime(async () => {
      const [reader, feeding] = fed(feed, limit);
      const whole = feed.map(({ piece }) => piece).join("");
      let read = "";
      while (!reader.atEof()) {
        const rest = whole.slice(read.length);
        const end = firstEnd(rest, separators);
        const isWithin = end !== null &&
          end - shortestAt(rest.slice(0, end), separators) <= limit;
        try {
          const chunk = textOf(await reader.readUntil(separators));
          assert(isWithin, "It is longer than the limit");
          read += chunk;
          assertEquals(chunk.length, end);
        } catch (error) {
          assert(!isWithin, "It is within the limit");
          read += await whatIsLeft(reader, error);
        }
        assert(whole.startsWith(read));
      }
      assertEquals(read, whole);
      await feeding;
    })(),
);

property(
  "StreamReader.readLine() returns each line within the limit, and at most the end of a longer one",
  1_000,
  fc.record({
    feed: feeds,
    limit: fc.integer({ min: 1, max: 6 }),
    isIterated: fc.boolean(),
  }),
  ({ feed, limit, isIterated }) =>
    inVirtualTime(async () => {
      const [reader, feeding] = fed(feed, limit);
      const whole = feed.map(({ piece }) => piece).join("");
      const got: (string | null)[] = [];
      const lines = reader[Symbol.asyncIterator]();
      while (true) {
        try {
          const line = isIterated
            ? (await lines.next()).value ?? new Uint8Array(0)
            : await reader.readLine();
          if (line.length === 0) break;
          got.push(textOf(line));
        } catch (error) {
          assert(error instanceof RangeError);
          got.push(null);
        }
      }
      assert(
        areLinesOf(whole.match(/[^\n]*\n|[^\n]+/g) ?? [], got, limit),
        `${JSON.stringify(whole)} was read as ${JSON.stringify(got)}`,
      );
      await feeding;
    })(),
);

property(
  "StreamReader resumes its transport for a pending read, and pauses it before its buffer overflows",
  1_000,
  fc.record({
    feed: feeds,
    limit: fc.integer({ min: 1, max: 3 }),
    sizes: fc.array(fc.integer({ min: -1, max: 20 }), { maxLength: 10 }),
    isExact: fc.boolean(),
  }),
  ({ feed, limit, sizes, isExact }) =>
    inVirtualTime(async () => {
      const valve = new Valve();
      const reader = new StreamReader({ limit });
      reader.setTransport(valve);
      let buffered = 0;
      let isWaiting = false;
      const feeding = createTask(async () => {
        for (const { piece, passes } of feed) {
          await valve.isOpen.wait();
          reader.feedData(new TextEncoder().encode(piece));
          buffered += piece.length;
          assert(isWaiting || valve.isOpen.isSet() === buffered <= 2 * limit);
          for (let i = 0; i < passes; i++) await sleep(0);
        }
        reader.feedEof();
      });
      for (const size of sizes) {
        isWaiting = true;
        const reading = isExact && size >= 0
          ? reader.readExactly(size)
          : reader.read(size);
        const data = await reading.catch((error) => {
          assert(error instanceof IncompleteReadError);
          return error.partial;
        });
        isWaiting = false;
        buffered -= data.length;
        assert(buffered > limit || valve.isOpen.isSet() || reader.atEof());
        for (let i = 0; i < 3; i++) await sleep(0);
      }
      isWaiting = true;
      await reader.read();
      await feeding;
    })(),
);

property(
  "StreamReader.lines() yields the lines of readLine() as text, whatever is read between them",
  1_000,
  fc.record({
    pieces: fc.array(
      fc.oneof(
        fc.string({ unit: fc.constantFrom(...UNITS), maxLength: 12 })
          .map((text) => new TextEncoder().encode(text)),
        fc.uint8Array({ min: 0xc0, maxLength: 3 }),
      ),
      { maxLength: 10, size: "max" },
    ),
    limit: fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
    // Each number is how many bytes are read before the next line.
    sizes: fc.array(fc.constantFrom(0, 0, 0, 1, 2, 7), {
      maxLength: 20,
      size: "max",
    }),
  }),
  ({ pieces, limit, sizes }) =>
    inVirtualTime(async () => {
      const [one, other] = [1, 2].map(() => {
        const reader = new StreamReader({ limit });
        for (const piece of pieces) reader.feedData(piece.slice());
        reader.feedEof();
        return reader;
      }) as [StreamReader, StreamReader];
      const lines = one.lines();
      let isFirst = true;
      for (const size of sizes) {
        if (size > 0) {
          assertEquals(await one.read(size), await other.read(size));
          isFirst = false;
        }
        const decoder = new TextDecoder("utf-8", { ignoreBOM: !isFirst });
        isFirst = false;
        const expected = await outcomeOf(async () => {
          const line = await other.readLine();
          if (line.length === 0) return undefined;
          return decoder.decode(line).replace(/\r?\n$/, "");
        });
        const got = await outcomeOf(async () => (await lines.next()).value);
        assertEquals(got, expected);
      }
      assertEquals(await one.read(), await other.read());
    })(),
);

/** The result, or the message of the error. */
async function outcomeOf(read: () => Promise<unknown>): Promise<unknown> {
  try {
    return await read();
  } catch (error) {
    assert(error instanceof RangeError);
    return error.message;
  }
}

/** The transport of a reader, which it pauses and resumes. */
class Valve extends ReadTransport {
  readonly isOpen = new Event();

  constructor() {
    super();
    this.isOpen.set();
  }

  override pauseReading(): void {
    assert(this.isOpen.isSet());
    this.isOpen.clear();
  }

  override resumeReading(): void {
    assert(!this.isOpen.isSet());
    this.isOpen.set();
  }
}

/** A reader, and the task that feeds it. */
function fed(feed: Feed, limit?: number): [StreamReader, Task<void>] {
  const reader = new StreamReader({ limit });
  return [reader, createTask(() => pour(feed, reader))];
}

/** A reader of a web stream, and the task that feeds that. */
function web(feed: Feed): [StreamReader, Task<void>] {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const stream = new ReadableStream<Uint8Array>({
    start: (it) => void (controller = it),
  });
  const sink = {
    feedData: (data: Uint8Array) => controller.enqueue(data),
    feedEof: () => controller.close(),
  };
  return [StreamReader.from(stream), createTask(() => pour(feed, sink))];
}

async function pour(
  feed: Feed,
  reader: Pick<StreamReader, "feedData" | "feedEof">,
): Promise<void> {
  for (const { piece, passes } of feed) {
    reader.feedData(new TextEncoder().encode(piece));
    for (let i = 0; i < passes; i++) await sleep(0);
  }
  reader.feedEof();
}

/** The result of a read, and whether the stream ended too early; `null` if the read was cancelled. */
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

async function start(
  reader: StreamReader,
  what: Read["what"],
): Promise<Uint8Array> {
  switch (what.do) {
    case "next": {
      const { done, value } = await reader[Symbol.asyncIterator]().next();
      return done ? new Uint8Array(0) : value;
    }
    case "readLine":
      return await reader.readLine();
    case "readUntil":
      return await reader.readUntil(what.separators);
    case "readExactly":
      return await reader.readExactly(what.size);
    case "read":
      return await reader.read(what.size);
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
    case "next":
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

/** How long the shortest of the separators is that a chunk ends with. */
function shortestAt(chunk: string, separators: readonly string[]): number {
  return Math.min(
    ...separators.filter((separator) => chunk.endsWith(separator))
      .map(({ length }) => length),
  );
}

/**
 * Whether that is what may be read of lines: one that is too long fails, `null`, at least once, and its
 * end may come behind that.
 */
function areLinesOf(
  lines: readonly string[],
  got: readonly (string | null)[],
  limit: number,
): boolean {
  const [line, ...others] = lines;
  if (line === undefined) return got.length === 0;
  if (line.replace("\n", "").length <= limit) {
    return got[0] === line && areLinesOf(others, got.slice(1), limit);
  }
  if (got[0] !== null) return false;
  const afterFailure = got.slice(1);
  return areLinesOf(others, afterFailure, limit) ||
    areLinesOf(lines, afterFailure, limit) ||
    typeof afterFailure[0] === "string" && line.endsWith(afterFailure[0]) &&
      areLinesOf(others, afterFailure.slice(1), limit);
}

/** The outcome in place of a chunk: the end of the stream, or the data of the error. */
async function whatIsLeft(
  reader: StreamReader,
  error: unknown,
): Promise<string> {
  if (error instanceof IncompleteReadError) return textOf(error.partial);
  if (!(error instanceof LimitOverrunError)) throw error;
  assert(error.consumed > 0);
  return textOf(await reader.readExactly(error.consumed));
}
