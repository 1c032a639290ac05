// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import {
  createTask,
  sleep,
  StreamReader,
  timeout,
  waitFor,
} from "../../mod.ts";
import { cancelEverywhere } from "../../testing/mod.ts";
import { assertHeeded, assertSound, ended, orLate } from "./exploring.ts";

const TEXT = "one\ntwo\nthree\n";

/** Feeds the text in pieces. */
async function feed(reader: StreamReader, pieces: string[]): Promise<void> {
  for (const piece of pieces) {
    reader.feedData(new TextEncoder().encode(piece));
    await sleep(piece.length % 2);
  }
  reader.feedEof();
}

const PIECES = ["on", "e\nt", "wo", "\n", "three\n"];

function textOf(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

/** The methods of a reader. */
const READS: Record<string, (reader: StreamReader) => Promise<Uint8Array>> = {
  "readLine()": (reader) => reader.readLine(),
  "readExactly()": (reader) => reader.readExactly(7),
  "readUntil()": (reader) => reader.readUntil(["\nt", "e\n"]),
  "read()": (reader) => reader.read(5),
};

for (const [name, read] of Object.entries(READS)) {
  Deno.test(`StreamReader.${name} that is given up loses nothing, in any order of events`, () =>
    assertSound(async (trial) => {
      const reader = new StreamReader();
      let got = "";
      const take = async () => {
        got += textOf(await read(reader));
      };
      const feeder = createTask(() => feed(reader, PIECES));
      const first = trial.mayCancel(createTask(() => orLate(timeout(1, take))));
      await ended([first]);
      assertHeeded(first);
      const second = createTask(() => orLate(waitFor(take, 1)));
      await ended([second, feeder]);
      got += textOf(await reader.read());
      assertEquals(got, TEXT);
    }));

  Deno.test(`StreamReader.${name} loses nothing wherever it is cancelled`, async () => {
    await cancelEverywhere(() => {
      const reader = new StreamReader();
      let got = "";
      return {
        body: async () => {
          got += textOf(await read(reader));
          await sleep(0);
          got += textOf(await read(reader));
        },
        meanwhile: () => feed(reader, PIECES),
        check: async () => {
          got += textOf(await reader.read());
          assertEquals(got, TEXT);
        },
      };
    });
  });
}

Deno.test("StreamReader yields lines when iterated, in any order of events", () =>
  assertSound(async (trial) => {
    const reader = new StreamReader();
    const lines: string[] = [];
    const feeder = createTask(() => feed(reader, PIECES));
    const taker = trial.mayCancel(createTask(async () => {
      for await (const line of reader) {
        lines.push(textOf(line));
        await sleep(0);
      }
    }));
    await ended([taker, feeder]);
    assertHeeded(taker);
    for await (const line of reader) lines.push(textOf(line));
    assertEquals(lines.join(""), TEXT);
  }));
