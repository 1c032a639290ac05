// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import {
  BufferedProtocol,
  currentTask,
  Future,
  getRunningLoop,
  Protocol,
  type ReadablePipe,
  type ReadTransport,
  run,
  StreamReader,
  StreamReaderProtocol,
} from "../../../mod.ts";
import { connectAndCancelOnceMade } from "../../../tests/doubles/cancelled_connect.ts";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { recordExceptions } from "../../../tests/doubles/exceptions.ts";
import { Recorder, turns } from "../../../tests/doubles/recorder.ts";
import { canMakeFifo, openFifo } from "../../../tests/doubles/fifo.ts";
import { schedulerOf } from "../../core/scheduler.ts";
import { bytesOf } from "../../../tests/doubles/text.ts";
import { FakeSource } from "../../../tests/doubles/source.ts";

async function connect(
  pipe: ReadablePipe,
): Promise<[ReadTransport, Recorder]> {
  const [transport, protocol] = await getRunningLoop()
    .connectReadPipe(() => new Recorder(), pipe);
  await turns();
  return [transport, protocol];
}

Deno.test("loop.connectReadPipe() reads a file to its end and closes it", () =>
  run(async () => {
    const path = await Deno.makeTempFile();
    await Deno.writeTextFile(path, "hello");
    const file = await Deno.open(path);
    const [transport, protocol] = await connect(file);
    protocol.keepOpen = true;
    assertEquals(await protocol.lost, null);
    assertEquals(protocol.events, ["made", "hello", "eof", "lost null"]);
    assert(transport.isClosing());
    await assertRejects(() => file.stat(), Deno.errors.BadResource);
    assertEquals(schedulerOf(getRunningLoop()).resources.size, 0);
    await Deno.remove(path);
  }));

Deno.test("loop.connectReadPipe() delivers the chunks of a web stream unchanged", () =>
  run(async () => {
    const source = new FakeSource();
    const [transport, protocol] = await connect(source.stream);
    const chunk = bytesOf("chunk");
    const got = new Future<Uint8Array>();
    protocol.dataReceived = (data) => got.setResult(data);
    source.controller.enqueue(new Uint8Array(0));
    source.controller.enqueue(chunk);
    assertStrictEquals(await got, chunk);
    assertStrictEquals(transport.getExtraInfo("pipe"), source.stream);
    assertEquals(transport.getExtraInfo("peername"), null);
    source.controller.close();
    assertEquals(await protocol.lost, null);
    assertEquals(protocol.events, ["made", "eof", "lost null"]);
    assertEquals(source.cancellations, []);
    assert(!source.stream.locked);
    assertEquals(transport.isReading(), false);
  }));

Deno.test("ReadTransport.pauseReading() stops reading the pipe", () =>
  run(async () => {
    const source = new FakeSource();
    const [transport, protocol] = await connect(source.stream);
    assertEquals([transport.isReading(), source.pulls], [true, 1]);
    transport.pauseReading();
    source.controller.enqueue(bytesOf("kept"));
    await turns();
    assertEquals(protocol.events, ["made"]);
    assertEquals([transport.isReading(), source.pulls], [false, 1]);
    transport.resumeReading();
    await turns();
    assertEquals(protocol.events, ["made", "kept"]);
    assertEquals([transport.isReading(), source.pulls], [true, 2]);
    transport.close();
    await protocol.lost;
  }));

Deno.test("ReadTransport.close() cancels a pending read of the pipe", () =>
  run(async () => {
    const source = new FakeSource();
    const [transport, protocol] = await connect(source.stream);
    transport.close();
    transport.close();
    transport.resumeReading();
    assertEquals([transport.isClosing(), transport.isReading()], [true, false]);
    assertEquals(await protocol.lost, null);
    await turns();
    assertEquals(protocol.events, ["made", "lost null"]);
    assertEquals(source.cancellations.length, 1);
  }));

Deno.test("ReadTransport.close() on a pipe drops undelivered data", () =>
  run(async () => {
    for (const isPaused of [false, true]) {
      const source = new FakeSource();
      const [transport, protocol] = await connect(source.stream);
      if (isPaused) transport.pauseReading();
      source.controller.enqueue(bytesOf("late"));
      transport.close();
      await protocol.lost;
      await turns();
      assertEquals(protocol.events, ["made", "lost null"]);
    }
  }));

Deno.test("loop.connectReadPipe() passes the error of the pipe to the protocol", () =>
  run(async () => {
    const reports = recordExceptions(getRunningLoop());
    const source = new FakeSource();
    const [, protocol] = await connect(source.stream);
    const error = new Error("broken");
    source.controller.error(error);
    assertStrictEquals(await protocol.lost, error);

    const conn = new FakeConn();
    const [, other] = await connect(conn);
    const reset = new Deno.errors.ConnectionReset("reset");
    conn.failRead(reset);
    assertStrictEquals(await other.lost, reset);
    assert(conn.isClosed);
    assertEquals(protocol.losses + other.losses, 2);
    assertEquals(reports, []);
  }));

Deno.test("loop.connectReadPipe() rejects chunks that are not bytes", () =>
  run(async () => {
    const source = new FakeSource();
    const [, protocol] = await connect(source.stream);
    source.controller.enqueue("text" as never);
    const error = await protocol.lost;
    assertInstanceOf(error, TypeError);
    assertEquals(
      error.message,
      'Each chunk of the pipe must be a Uint8Array: received "text"',
    );
    assertEquals(source.cancellations, [error]);
  }));

Deno.test("loop.connectReadPipe() reports errors in the protocol and ends", async () => {
  for (
    const method of [
      "dataReceived",
      "eofReceived",
      "connectionLost",
    ] as const
  ) {
    await run(async () => {
      const reports = recordExceptions(getRunningLoop());
      const source = new FakeSource();
      const error = new Error(`by ${method}`);
      const protocol = new Recorder();
      protocol[method] = () => {
        throw error;
      };
      const [transport] = await getRunningLoop()
        .connectReadPipe(() => protocol, source.stream);
      await turns();
      if (method === "dataReceived") source.controller.enqueue(bytesOf("data"));
      else source.controller.close();
      await turns();
      assertEquals(reports.map(({ exception }) => exception), [error]);
      assertStrictEquals(reports[0]!.transport, transport);
      assertStrictEquals(reports[0]!.protocol, protocol);
      // The end of the stream ends the transport even if the protocol throws.
      const expected = method === "eofReceived" ? null : error;
      if (method !== "connectionLost") {
        assertStrictEquals(await protocol.lost, expected);
      }
      assert(!source.stream.locked);
    });
  }
});

Deno.test("loop.connectReadPipe() reports errors in connectionMade() and continues", () =>
  run(async () => {
    const reports = recordExceptions(getRunningLoop());
    const source = new FakeSource();
    const error = new Error("by connectionMade");
    const protocol = new Recorder();
    protocol.connectionMade = () => {
      throw error;
    };
    await getRunningLoop().connectReadPipe(() => protocol, source.stream);
    assertEquals(reports.map(({ exception }) => exception), [error]);
    source.controller.enqueue(bytesOf("data"));
    source.controller.close();
    assertEquals(await protocol.lost, null);
    assertEquals(protocol.events, ["data", "eof", "lost null"]);
  }));

Deno.test("loop.connectReadPipe() copies into the buffer of a BufferedProtocol", () =>
  run(async () => {
    class Small extends BufferedProtocol {
      readonly memory = new Uint8Array(2);
      readonly lost = new Future<void>();
      text = "";
      override getBuffer(): Uint8Array {
        return this.memory;
      }
      override bufferUpdated(count: number): void {
        this.text += new TextDecoder().decode(this.memory.subarray(0, count));
      }
      override connectionLost(): void {
        this.lost.setResult();
      }
    }
    const source = new FakeSource();
    const [, small] = await getRunningLoop()
      .connectReadPipe(() => new Small(), source.stream);
    source.controller.enqueue(bytesOf("abcde"));
    source.controller.close();
    await small.lost;
    assertEquals(small.text, "abcde");
  }));

Deno.test("ReadTransport.pauseReading() keeps the rest of a chunk from a BufferedProtocol", () =>
  run(async () => {
    class Pausing extends BufferedProtocol {
      readonly memory = new Uint8Array(2);
      text = "";
      transport!: ReadTransport;
      override connectionMade(transport: ReadTransport): void {
        this.transport = transport;
      }
      override getBuffer(): Uint8Array {
        return this.memory;
      }
      override bufferUpdated(count: number): void {
        this.text += new TextDecoder().decode(this.memory.subarray(0, count));
        if (this.text.length < 6) this.transport.pauseReading();
        else this.transport.close();
      }
    }
    const source = new FakeSource();
    const [transport, protocol] = await getRunningLoop()
      .connectReadPipe(() => new Pausing(), source.stream);
    source.controller.enqueue(bytesOf("abcdefgh"));
    for (const text of ["ab", "abcd", "abcdef", "abcdef"]) {
      await turns();
      assertEquals(protocol.text, text);
      transport.resumeReading();
    }
  }));

Deno.test("ReadTransport.setProtocol() delivers later data to the new protocol", () =>
  run(async () => {
    const source = new FakeSource();
    const [transport, first] = await connect(source.stream);
    const second = new Recorder();
    transport.setProtocol(second);
    assertStrictEquals(transport.getProtocol(), second);
    source.controller.enqueue(bytesOf("data"));
    source.controller.close();
    await second.lost;
    assertEquals(first.events, ["made"]);
    assertEquals(second.events, ["data", "eof", "lost null"]);
  }));

Deno.test("loop.connectReadPipe() validates the pipe before it calls the factory", () =>
  run(async () => {
    const loop = getRunningLoop();
    const factory = (): Protocol => {
      throw new Error("no protocol is needed");
    };
    for (const pipe of [null, 1, "path", {}, { read() {} }]) {
      await assertRejects(
        () => loop.connectReadPipe(factory, pipe as never),
        TypeError,
        "The pipe must be a Deno.FsFile, Deno.stdin or a ReadableStream: received",
      );
    }
    const { stream } = new FakeSource();
    stream.getReader();
    await assertRejects(
      () => loop.connectReadPipe(factory, stream),
      TypeError,
      "locked",
    );
    await assertRejects(
      () => loop.connectReadPipe(new Protocol() as never, stream),
      TypeError,
      "The protocol factory of connectReadPipe() must be a function",
    );
  }));

Deno.test("loop.connectReadPipe() leaves the pipe open if the factory throws", () =>
  run(async () => {
    const { stream, cancellations } = new FakeSource();
    await assertRejects(
      () =>
        getRunningLoop().connectReadPipe((): Protocol => {
          throw new RangeError("no");
        }, stream),
      RangeError,
    );
    assertEquals([stream.locked, cancellations.length], [false, 0]);
  }));

Deno.test("loop.connectReadPipe() closes the pipe when cancelled", () =>
  run(async () => {
    // Cancelled at each await.
    for (let turn = 0; turn < 5; turn++) {
      const source = new FakeSource();
      const connect = (make: () => Recorder) =>
        getRunningLoop().connectReadPipe(make, source.stream);
      await connectAndCancelOnceMade(connect, turn);
      await turns();
      assertEquals(source.cancellations.length, 1);
    }
  }));

Deno.test("loop.connectReadPipe() runs the stream's callbacks outside any task", () =>
  run(async () => {
    const tasks: unknown[] = [];
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        tasks.push(currentTask());
        controller.enqueue(bytesOf("a"));
      },
      cancel: () => void tasks.push(currentTask()),
    }, { highWaterMark: 0 });
    const [transport, protocol] = await connect(stream);
    await protocol.got.wait();
    transport.close();
    await protocol.lost;
    assert(tasks.length > 1);
    assert(tasks.every((task) => task === null));
  }));

Deno.test("loop.connectReadPipe() supports a StreamReader of any limit", () =>
  run(async () => {
    for (const limit of [1, 1_000_000]) {
      const reader = new StreamReader({ limit });
      const [transport] = await getRunningLoop().connectReadPipe(
        () => new StreamReaderProtocol(reader),
        new Blob(["x".repeat(300_000)]).stream(),
      );
      // Without a reader, it writes no more than the limit.
      await turns();
      assertEquals(transport.isClosing(), limit > 1);
      assertEquals((await reader.read()).length, 300_000);
      assert(reader.atEof());
    }
  }));

Deno.test("run() cancels streams that are left open", async () => {
  const source = new FakeSource();
  await run(async () => void await connect(source.stream));
  assertEquals(source.cancellations.length, 1);
});

Deno.test(
  "ReadTransport.close() ends a read of a named pipe without a writer",
  { ignore: !canMakeFifo },
  () =>
    run(async () => {
      const [input, output] = await openFifo();
      const [transport, protocol] = await connect(input);
      await output.write(bytesOf("hello"));
      await protocol.got.wait();
      transport.close();
      assertEquals(await protocol.lost, null);
      assertEquals(protocol.events, ["made", "hello", "lost null"]);
      output.close();
    }),
);

Deno.test(
  "loop.connectReadPipe() reads a named pipe until its writer closes it",
  { ignore: !canMakeFifo },
  () =>
    run(async () => {
      const [input, output] = await openFifo();
      const [, protocol] = await connect(input);
      await output.write(bytesOf("hello"));
      output.close();
      assertEquals(await protocol.lost, null);
      assertEquals(protocol.events, ["made", "hello", "eof", "lost null"]);
    }),
);
