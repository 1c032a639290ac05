// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  Buffer,
  concatReadableStreams,
  DelimiterStream,
  LimitedBytesTransformStream,
  mergeReadableStreams,
  TextLineStream,
  toArrayBuffer,
  toBlob,
  toBytes,
  toJson,
  toText,
  toTransformStream,
} from "@std/streams";
import {
  BaseProtocol,
  CancelledError,
  createTask,
  getRunningLoop,
  openConnection,
  run,
  sleep,
  startServer,
  StreamReader,
  StreamReaderProtocol,
  type StreamWriter,
} from "../../mod.ts";

/** Returns the data that a client gets from a server that does that and then closes. */
async function served<T>(
  serve: (reader: StreamReader, writer: StreamWriter) => Promise<void>,
  ask: (reader: StreamReader, writer: StreamWriter) => Promise<T>,
): Promise<T> {
  await using server = await startServer(
    async (reader, writer) => {
      await serve(reader, writer);
      writer.close();
    },
    "127.0.0.1",
    0,
  );
  const { port } = server.sockets[0]!.addr as Deno.NetAddr;
  const [reader, writer] = await openConnection("127.0.0.1", port);
  try {
    return await ask(reader, writer);
  } finally {
    writer.close();
  }
}

/** Sends some texts, each by itself. */
function sending(...texts: string[]) {
  return async (_: StreamReader, writer: StreamWriter): Promise<void> => {
    for (const text of texts) {
      writer.write(text);
      await writer.drain();
      await sleep(0);
    }
  };
}

function lines(count: number): string {
  return Array.from({ length: count }, (_, i) => `line ${i}\n`).join("");
}

Deno.test("StreamReader.readable is consumed by toText(), toBytes() and the like", () =>
  run(async () => {
    const json = sending('{"a"', ":[1,", "2]}");
    const text = '{"a":[1,2]}';
    assertEquals(await served(json, (it) => toText(it.readable)), text);
    assertEquals(await served(json, (it) => toJson(it.readable)), {
      a: [1, 2],
    });
    const bytes = await served(json, (it) => toBytes(it.readable));
    assertEquals(new TextDecoder().decode(bytes), text);
    const blob = await served(json, (it) => toBlob(it.readable));
    assertEquals(await blob.text(), text);
    const buffer = await served(json, (it) => toArrayBuffer(it.readable));
    assertEquals(new TextDecoder().decode(buffer), text);
  }));

Deno.test("StreamReader.readable goes through a TextLineStream", () =>
  run(async () => {
    const text = lines(20_000);
    const got = await served(
      sending(text),
      (reader) =>
        Array.fromAsync(
          reader.readable.pipeThrough(new TextDecoderStream())
            .pipeThrough(new TextLineStream()),
        ),
    );
    assertEquals(got, text.trimEnd().split("\n"));
  }));

Deno.test("StreamReader.readable continues behind a header, through a DelimiterStream", () =>
  run(async () => {
    const got = await served(
      sending("header\none;t", "wo;;thr", "ee"),
      async (reader) => {
        await reader.readLine();
        const parts = reader.readable
          .pipeThrough(new DelimiterStream(new TextEncoder().encode(";")));
        return Array.fromAsync(
          parts,
          (part) => new TextDecoder().decode(part),
        );
      },
    );
    assertEquals(got, ["one", "two", "", "three"]);
  }));

Deno.test("StreamReader.readable breaks where a LimitedBytesTransformStream does", () =>
  run(async () => {
    await served(
      sending("much too long"),
      async (reader) => {
        const limited = reader.readable
          .pipeThrough(new LimitedBytesTransformStream(5, { error: true }));
        await assertRejects(() => toText(limited), RangeError);
      },
    );
  }));

Deno.test("StreamWriter.writable takes merged and concatenated streams", () =>
  run(async () => {
    const got = await served(
      (_, writer) =>
        concatReadableStreams(
          new Blob(["one "]).stream(),
          mergeReadableStreams(
            new Blob(["two "]).stream(),
            new Blob(["two "]).stream(),
          ),
        ).pipeTo(writer.writable),
      (reader) => toText(reader.readable),
    );
    assertEquals(got, "one two two ");
  }));

Deno.test("StreamReader.readable and StreamWriter.writable echo by toTransformStream()", () =>
  run(async () => {
    const text = lines(5_000);
    const got = await served(
      (reader, writer) =>
        reader.readable
          .pipeThrough(toTransformStream(async function* (chunks) {
            for await (const chunk of chunks) yield chunk;
          }))
          .pipeTo(writer.writable),
      async (reader, writer) => {
        const writing = createTask(async () => {
          writer.write(text);
          await writer.drain();
          writer.writeEof();
        });
        const answer = await toText(reader.readable);
        await writing;
        return answer;
      },
    );
    assertEquals(got, text);
  }));

Deno.test("StreamReader.from() reads what a stream of the standard library gives", () =>
  run(async () => {
    const text = lines(1_000);
    const reader = StreamReader.from(
      new Blob([text]).stream().pipeThrough(
        new LimitedBytesTransformStream(100),
      ),
    );
    const got: string[] = [];
    for await (const line of reader) got.push(new TextDecoder().decode(line));
    assert(text.startsWith(got.join("")));

    const merged = StreamReader.from(mergeReadableStreams(
      new Blob(["a\n"]).stream(),
      new Blob(["b\n"]).stream(),
    ));
    const both = await Array.fromAsync(
      merged,
      (line) => new TextDecoder().decode(line),
    );
    assertEquals(both.toSorted(), ["a\n", "b\n"]);
  }));

Deno.test("StreamReader.from() keeps what comes after a cancellation", () =>
  run(async () => {
    const { readable, writable } = new TransformStream<
      Uint8Array,
      Uint8Array
    >();
    const reader = StreamReader.from(readable);
    const task = createTask(() => reader.readLine());
    await sleep(0);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    const writer = writable.getWriter();
    await writer.write(new TextEncoder().encode("kept\n"));
    assertEquals(
      new TextDecoder().decode(await reader.readLine()),
      "kept\n",
    );
    await writer.close();
    assertEquals((await reader.read()).length, 0);
  }));

Deno.test("loop.connectReadPipe() and connectWritePipe() take the streams of a Buffer", () =>
  run(async () => {
    const loop = getRunningLoop();
    const buffer = new Buffer();
    const [transport, protocol] = await loop.connectWritePipe(
      () => new StreamReaderProtocol(null),
      buffer.writable,
    );
    assert(protocol instanceof BaseProtocol);
    transport.write("one\n");
    transport.write("two\n");
    transport.close();
    while (buffer.length < 8) await sleep(0);

    const reader = new StreamReader();
    await loop.connectReadPipe(
      () => new StreamReaderProtocol(reader),
      buffer.readable,
    );
    assertEquals(new TextDecoder().decode(await reader.read()), "one\ntwo\n");
  }));
