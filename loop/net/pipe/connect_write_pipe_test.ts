// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  type BaseProtocol,
  createTask,
  currentTask,
  getRunningLoop,
  run,
  StreamReader,
  StreamReaderProtocol,
  StreamWriter,
  type Transport,
  type WritablePipe,
} from "../../../mod.ts";
import { connectAndCancelOnceMade } from "../../../tests/doubles/cancelled_connect.ts";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { recordExceptions } from "../../../tests/doubles/exceptions.ts";
import { canMakeFifo, openFifo } from "../../../tests/doubles/fifo.ts";
import { Recorder, turns } from "../../../tests/doubles/recorder.ts";

/** A web stream that writes to the test. */
class FakeSink {
  controller!: WritableStreamDefaultController;
  readonly written: string[] = [];
  readonly calls: unknown[] = [];
  #blocked: PromiseWithResolvers<void> | null = null;
  readonly stream = new WritableStream<Uint8Array>({
    start: (controller) => void (this.controller = controller),
    write: async (chunk) => {
      await this.#blocked?.promise;
      this.written.push(new TextDecoder().decode(chunk));
    },
    close: async () => {
      await this.#blocked?.promise;
      this.calls.push("close");
    },
    abort: (reason) => void this.calls.push("abort", reason),
  });

  /** Delays writes and the close. */
  block(): void {
    this.#blocked = Promise.withResolvers();
  }

  /** Ends the delay. */
  unblock(): void {
    this.#blocked!.resolve();
  }
}

async function connect(pipe: WritablePipe): Promise<[Transport, Recorder]> {
  return await getRunningLoop().connectWritePipe(() => new Recorder(), pipe);
}

Deno.test("loop.connectWritePipe() writes a file and closes it at the end", () =>
  run(async () => {
    const path = await Deno.makeTempFile();
    const file = await Deno.open(path, { write: true });
    const [transport, protocol] = await connect(file);
    transport.write("one ");
    transport.writeLines(["two ", new TextEncoder().encode("three")]);
    assertStrictEquals(transport.getExtraInfo("pipe"), file);
    assertStrictEquals(transport.getProtocol(), protocol);
    transport.close();
    assert(transport.isClosing());
    assertEquals(await protocol.lost, null);
    assertEquals(protocol.events, ["made", "lost null"]);
    assertEquals(await Deno.readTextFile(path), "one two three");
    assertThrows(() => file.statSync(), Deno.errors.BadResource);
    await Deno.remove(path);
  }));

Deno.test("loop.connectWritePipe() closes a web stream and waits for that", () =>
  run(async () => {
    const sink = new FakeSink();
    sink.block();
    const [transport, protocol] = await connect(sink.stream);
    transport.write("data");
    transport.close();
    await turns();
    assertEquals(protocol.events, ["made"]);
    sink.unblock();
    assertEquals(await protocol.lost, null);
    assertEquals([sink.written, sink.calls], [["data"], ["close"]]);
    assert(!sink.stream.locked);
  }));

Deno.test("loop.connectWritePipe() pauses the protocol while the stream is full", () =>
  run(async () => {
    const sink = new FakeSink();
    sink.block();
    const [transport, protocol] = await connect(sink.stream);
    transport.setWriteBufferLimits(8, 2);
    assertEquals(transport.getWriteBufferLimits(), [2, 8]);
    transport.write("12345");
    transport.write("67890");
    assertEquals(transport.getWriteBufferSize(), 10);
    assertEquals(protocol.events, ["made", "pause"]);
    sink.unblock();
    await turns();
    assertEquals(protocol.events, ["made", "pause", "resume"]);
    assertEquals(sink.written.join(""), "1234567890");
    transport.close();
    await protocol.lost;
  }));

Deno.test("Transport.close() during resumeWriting() closes a pipe once and gracefully", () =>
  run(async () => {
    for (const more of ["", "more"]) {
      const sink = new FakeSink();
      const [transport, protocol] = await connect(sink.stream);
      protocol.resumeWriting = () => {
        transport.write(more);
        transport.close();
      };
      transport.setWriteBufferLimits(1);
      transport.write("data");
      assertEquals(await protocol.lost, null);
      assertEquals(sink.written.join(""), `data${more}`);
      assertEquals(sink.calls, ["close"]);
    }
  }));

Deno.test("Transport.abort() on a pipe drops unwritten data", () =>
  run(async () => {
    const sink = new FakeSink();
    sink.block();
    const [transport, protocol] = await connect(sink.stream);
    transport.write("first");
    await turns();
    transport.write("second");
    transport.abort();
    transport.abort();
    assertEquals(await protocol.lost, null);
    assertEquals(transport.getWriteBufferSize(), 0);
    sink.unblock();
    await turns();
    assertEquals(sink.written, ["first"]);
    assertEquals(sink.calls, ["abort", null]);
    assertEquals(protocol.losses, 1);
  }));

Deno.test("Transport.abort() ends a close() that takes too long", () =>
  run(async () => {
    const sink = new FakeSink();
    sink.block();
    const [transport, protocol] = await connect(sink.stream);
    transport.close();
    await turns();
    transport.abort();
    assertEquals(await protocol.lost, null);
    sink.unblock();
    await turns();
    assertEquals(protocol.losses, 1);
  }));

Deno.test("Transport.writeEof() on a pipe closes it", () =>
  run(async () => {
    const conn = new FakeConn();
    const [transport, protocol] = await connect(conn);
    assert(transport.canWriteEof());
    conn.block();
    transport.write("last");
    transport.writeEof();
    transport.writeEof();
    transport.close();
    transport.write("late");
    transport.writeLines(["late"]);
    assert(transport.isClosing());
    conn.unblock();
    assertEquals(await protocol.lost, null);
    assertEquals([conn.written, conn.isClosed], [["last"], true]);
  }));

Deno.test("loop.connectWritePipe() passes the error of the pipe to the protocol", () =>
  run(async () => {
    const reports = recordExceptions(getRunningLoop());
    const conn = new FakeConn();
    const [transport, protocol] = await connect(conn);
    conn.block();
    transport.write("data");
    await turns();
    const broken = new Deno.errors.BrokenPipe("broken");
    conn.fail(broken);
    assertStrictEquals(await protocol.lost, broken);
    assert(conn.isClosed);

    const error = new Error("full");
    const stream = new WritableStream<Uint8Array>({
      write: () => Promise.reject(error),
    });
    const [other, otherProtocol] = await connect(stream);
    other.write("data");
    assertStrictEquals(await otherProtocol.lost, error);

    const closing = new WritableStream<Uint8Array>({
      close: () => Promise.reject(error),
    });
    const [last, lastProtocol] = await connect(closing);
    last.close();
    assertStrictEquals(await lastProtocol.lost, error);

    await turns();
    for (const each of [protocol, otherProtocol, lastProtocol]) {
      assertEquals(each.losses, 1);
    }
    assertEquals(reports, []);
  }));

Deno.test("loop.connectWritePipe() detects that the reader of a stream is gone", () =>
  run(async () => {
    const reason = new Error("seen enough");
    for (const isBuffered of [false, true]) {
      for (const why of [undefined, reason]) {
        const { readable, writable } = new TransformStream<
          Uint8Array,
          Uint8Array
        >();
        const [transport, protocol] = await connect(writable);
        if (isBuffered) transport.write("data");
        await readable.cancel(why);
        const error = await protocol.lost;
        if (why !== undefined) assertStrictEquals(error, why);
        else if (!isBuffered) assertEquals(error, null);
        else assertInstanceOf(error, Deno.errors.BrokenPipe);
        assert(transport.isClosing());
      }
    }
  }));

Deno.test("loop.connectWritePipe() writes chunks that the reader may keep", () =>
  run(async () => {
    const { readable, writable } = new TransformStream<
      Uint8Array,
      Uint8Array
    >();
    const [transport] = await connect(writable);
    const reading = Array.fromAsync(readable);
    for (let i = 0; i < 100; i++) {
      transport.write(String(i).padStart(3));
      await turns();
    }
    transport.close();
    const text = (await reading).map((chunk) => new TextDecoder().decode(chunk))
      .join("");
    assertEquals(
      text,
      Array.from({ length: 100 }, (_, i) => String(i).padStart(3)).join(""),
    );
  }));

Deno.test("loop.connectWritePipe() returns a transport that cannot receive", () =>
  run(async () => {
    const [transport, protocol] = await connect(new FakeConn());
    for (
      const name of ["isReading", "pauseReading", "resumeReading"] as const
    ) {
      assertThrows(() => transport[name](), Deno.errors.NotSupported, name);
    }
    assertThrows(() => transport.write(1 as never), TypeError);
    assertThrows(() => transport.writeLines(["a", 1 as never]), TypeError);
    assertEquals(transport.getExtraInfo("peername", "none"), "none");
    transport.close();
    await protocol.lost;
  }));

Deno.test("loop.connectWritePipe() validates the pipe before it calls the factory", () =>
  run(async () => {
    const loop = getRunningLoop();
    const factory = (): BaseProtocol => {
      throw new RangeError("as asked");
    };
    for (const pipe of [null, 1, "path", {}, new ReadableStream()]) {
      await assertRejects(
        () => loop.connectWritePipe(factory, pipe as never),
        TypeError,
        "The pipe must be a Deno.FsFile, Deno.stdout or a WritableStream: received",
      );
    }
    const { stream } = new FakeSink();
    await assertRejects(
      () => loop.connectWritePipe(factory, stream),
      RangeError,
    );
    assert(!stream.locked);
    stream.getWriter();
    await assertRejects(
      () => loop.connectWritePipe(factory, stream),
      TypeError,
      "locked",
    );
  }));

Deno.test("loop.connectWritePipe() closes the pipe when cancelled", () =>
  run(async () => {
    for (let turn = 0; turn < 5; turn++) {
      const sink = new FakeSink();
      const connect = (make: () => Recorder) =>
        getRunningLoop().connectWritePipe(make, sink.stream);
      assertEquals(await connectAndCancelOnceMade(connect, turn), null);
      assertEquals(sink.calls, ["close"]);
    }
  }));

Deno.test("loop.connectWritePipe() runs the stream's callbacks outside any task", () =>
  run(async () => {
    const tasks: unknown[] = [];
    const note = () => void tasks.push(currentTask());
    const stream = new WritableStream<Uint8Array>({ write: note, close: note });
    const [transport, protocol] = await connect(stream);
    transport.write("data");
    await turns();
    transport.write("data");
    transport.close();
    await protocol.lost;
    assertEquals(tasks, [null, null, null]);

    const idle = new WritableStream<Uint8Array>({ close: note });
    const [other, otherProtocol] = await connect(idle);
    other.close();
    await otherProtocol.lost;
    assertEquals(tasks, [null, null, null, null]);
  }));

Deno.test("loop.connectWritePipe() supports a StreamWriter", () =>
  run(async () => {
    const loop = getRunningLoop();
    const { readable, writable } = new TransformStream<
      Uint8Array,
      Uint8Array
    >();
    const [transport, protocol] = await loop.connectWritePipe(
      () => new StreamReaderProtocol(null),
      writable,
    );
    const writer = new StreamWriter(transport, protocol, null, loop);
    const task = createTask(async () => {
      for (let i = 0; i < 100; i++) {
        writer.write(new Uint8Array(10_000));
        await writer.drain();
      }
      writer.close();
      await writer.waitClosed();
    });
    await turns();
    assert(!task.done(), "It should wait for the reader");
    assertEquals((await new Response(readable).bytes()).length, 1_000_000);
    await task;
  }));

Deno.test(
  "Transport.write() ends a named pipe without a reader",
  { ignore: !canMakeFifo },
  () =>
    run(async () => {
      const [input, output] = await openFifo();
      const [transport, protocol] = await connect(output);
      transport.write("hello");
      const memory = new Uint8Array(10);
      assertEquals(await input.read(memory), 5);
      input.close();
      transport.write("nobody hears this");
      assertInstanceOf(await protocol.lost, Deno.errors.BrokenPipe);
    }),
);

Deno.test(
  "Transport.close() on a named pipe waits for the reader",
  { ignore: !canMakeFifo },
  () =>
    run(async () => {
      const [input, output] = await openFifo();
      const [transport, protocol] = await connect(output);
      transport.write(new Uint8Array(300_000));
      transport.close();
      const reader = new StreamReader();
      await getRunningLoop().connectReadPipe(
        () => new StreamReaderProtocol(reader),
        input,
      );
      assertEquals((await reader.read()).length, 300_000);
      assertEquals(await protocol.lost, null);
    }),
);

Deno.test("loop.connectReadPipe() and connectWritePipe() support standard input and output", async () => {
  const script = `
    import { getRunningLoop, run, StreamReader, StreamReaderProtocol, StreamWriter } from ${
    JSON.stringify(new URL("../../../mod.ts", import.meta.url))
  };
    await run(async () => {
      const loop = getRunningLoop();
      const reader = new StreamReader();
      await loop.connectReadPipe(() => new StreamReaderProtocol(reader), Deno.stdin);
      const [transport, protocol] = await loop.connectWritePipe(
        () => new StreamReaderProtocol(null),
        Deno.stdout,
      );
      const writer = new StreamWriter(transport, protocol, null, loop);
      for await (const line of reader) {
        writer.write("> ");
        writer.write(line);
        await writer.drain();
        if (line.length === 5) break;
      }
      writer.close();
      await writer.waitClosed();
    });
  `;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-config",
      `data:text/javascript,${encodeURIComponent(script)}`,
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode("one\nfour\n"));
  // Standard input stays open, and the program still ends.
  assertEquals(await new Response(child.stdout).text(), "> one\n> four\n");
  assert((await child.status).success);
  await input.close().catch(() => {});
});

Deno.test("Transport.write() survives a pipe that throws synchronously", () =>
  run(async () => {
    const error = new Error("at once");
    const pipe: WritablePipe = {
      write() {
        throw error;
      },
      close() {},
    };
    const [broken, first] = await connect(pipe);
    broken.write("text");
    assertStrictEquals(await first.lost, error);

    const [aborted, second] = await connect(pipe);
    aborted.write("text");
    aborted.abort();
    assertStrictEquals(await second.lost, null);
  }));
