// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert } from "@std/assert";
import {
  createTask,
  getRunningLoop,
  sleep,
  StreamReaderProtocol,
  StreamWriter,
  Transport,
} from "../../mod.ts";
import {
  assertFound,
  assertHeeded,
  assertSound,
  type Body,
  ended,
} from "./exploring.ts";
import { SingleDrain } from "./planted/single_drain.ts";

interface AnyWriter {
  pauseWriting(): void;
  resumeWriting(): void;
  drain(): Promise<void>;
}

/** A transport that is open, and does nothing. */
class OpenTransport extends Transport {
  override isClosing(): boolean {
    return false;
  }
}

/** The library's own. */
function streamWriter(): AnyWriter {
  const protocol = new StreamReaderProtocol(null);
  const writer = new StreamWriter(
    new OpenTransport(),
    protocol,
    null,
    getRunningLoop(),
  );
  return {
    pauseWriting: () => protocol.pauseWriting(),
    resumeWriting: () => protocol.resumeWriting(),
    drain: () => writer.drain(),
  };
}

/** Several writers wait for a slow peer that reads what is written and then stalls again. */
function draining(makeWriter: () => AnyWriter): Body {
  return async (trial) => {
    const writer = makeWriter();
    writer.pauseWriting();
    let drained = 0;
    const tasks = [1, 2, 3].map(() =>
      createTask(async () => {
        await writer.drain();
        drained++;
      })
    );
    trial.mayCancel(tasks[0]!);
    await sleep(1);
    writer.resumeWriting();
    await sleep(1);
    writer.pauseWriting();
    await sleep(1);
    writer.resumeWriting();
    await ended(tasks);
    tasks.forEach(assertHeeded);
    assert(drained >= 2);
  };
}

Deno.test("explore() finds a writer that wakes only one drain()", () =>
  assertFound(draining(() => new SingleDrain())));

Deno.test("StreamWriter.drain() wakes every waiter, in any order of events", () =>
  assertSound(draining(streamWriter)));
