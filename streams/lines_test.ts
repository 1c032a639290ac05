// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { createTask, run, StreamReader } from "../mod.ts";
import { turns } from "../tests/doubles/recorder.ts";
import { bytesOf, textOf } from "../tests/doubles/text.ts";

function readerOf(...chunks: string[]): StreamReader {
  const reader = new StreamReader();
  for (const chunk of chunks) reader.feedData(bytesOf(chunk));
  reader.feedEof();
  return reader;
}

Deno.test("StreamReader.lines() yields strings without the line ends", () =>
  run(async () => {
    for (
      const [text, expected] of [
        ["", []],
        ["a", ["a"]],
        ["a\n", ["a"]],
        ["\n", [""]],
        ["a\r\nb\nc\rd\n\r\n", ["a", "b", "c\rd", ""]],
        ["a\r", ["a\r"]],
        ["\r\r\n", ["\r"]],
        ["é\u{1F600}\n", ["é\u{1F600}"]],
        ["\uFEFFa\n\uFEFFb", ["a", "\uFEFFb"]],
      ] as const
    ) {
      // Byte by byte, too: a character and a line end may be split.
      const reader = new StreamReader();
      for (const byte of bytesOf(text)) reader.feedData(new Uint8Array([byte]));
      reader.feedEof();
      for (const each of [readerOf(text), reader]) {
        assertEquals(await Array.fromAsync(each.lines()), [...expected]);
      }
    }
  }));

Deno.test("StreamReader.lines() replaces what is not UTF-8", () =>
  run(async () => {
    const reader = new StreamReader();
    reader.feedData(new Uint8Array([97, 255, 10, 0xc3, 10]));
    reader.feedEof();
    assertEquals(await Array.fromAsync(reader.lines()), ["a\uFFFD", "\uFFFD"]);
  }));

Deno.test("StreamReader.lines() takes no more from the reader than the line", () =>
  run(async () => {
    const reader = readerOf("one\r\ntwo\nthree");
    for await (const line of reader.lines()) {
      assertEquals(line, "one");
      break;
    }
    assertEquals(textOf(await reader.readExactly(2)), "tw");
    assertEquals(await Array.fromAsync(reader.lines()), ["o", "three"]);
  }));

Deno.test("StreamReader.lines() drops a line that is too long and goes on", () =>
  run(async () => {
    const reader = new StreamReader({ limit: 4 });
    reader.feedData(bytesOf("too long\nab\n"));
    reader.feedEof();
    const lines = reader.lines();
    await assertRejects(() => lines.next(), RangeError);
    assertEquals(await lines.next(), { done: false, value: "ab" });
    assertEquals((await lines.next()).done, true);
  }));

Deno.test("StreamReader.lines() that is cancelled loses nothing", () =>
  run(async () => {
    const reader = new StreamReader();
    reader.feedData(bytesOf("on"));
    const task = createTask(async () => {
      for await (const _ of reader.lines()) assert(false);
    });
    await turns();
    task.cancel();
    await turns();
    assert(task.cancelled());
    reader.feedData(bytesOf("e\n"));
    reader.feedEof();
    assertEquals(await Array.fromAsync(reader.lines()), ["one"]);
  }));

Deno.test("StreamReader.readText() reads to the end and decodes", () =>
  run(async () => {
    assertEquals(
      await readerOf("\uFEFFhé", "llo\n").readText(),
      "hé" + "llo\n",
    );
    assertEquals(await readerOf().readText(), "");
    const reader = new StreamReader();
    reader.feedData(new Uint8Array([0xe2, 0x82]));
    const reading = reader.readText();
    await turns();
    assertEquals(reading.done(), false);
    reader.feedData(new Uint8Array([0xac, 255]));
    reader.feedEof();
    assertEquals(await reading, "€\uFFFD");
  }));

Deno.test("StreamReader.readText() that is cancelled loses nothing", () =>
  run(async () => {
    const reader = new StreamReader();
    reader.feedData(bytesOf("a"));
    const task = createTask(() => reader.readText());
    await turns();
    task.cancel();
    await turns();
    reader.feedEof();
    assertEquals(await reader.readText(), "a");
  }));

Deno.test("StreamReader.readText() fails with the error of the stream", () =>
  run(async () => {
    const reader = new StreamReader();
    const reading = reader.readText();
    reader.setException(new Deno.errors.ConnectionReset("reset"));
    await assertRejects(() => reading, Deno.errors.ConnectionReset, "reset");
  }));
