// Copyright 2026 the asyncio for Deno authors. MIT license.

import { connect as connectByNode } from "node:net";
import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  allTasks,
  CancelledError,
  createTask,
  currentTask,
  Event,
  type ExceptionContext,
  Future,
  gather,
  getRunningLoop,
  openConnection,
  run,
  Semaphore,
  type Server,
  sleep,
  startServer,
  type StreamReader,
  type StreamWriter,
  type Task,
  timeout,
} from "../mod.ts";
import { recordExceptions } from "../tests/doubles/exceptions.ts";
import { textOf } from "../tests/doubles/text.ts";

function addressOf(server: Server): [hostname: string, port: number] {
  const { hostname, port } = server.sockets[0]!.addr as Deno.NetAddr;
  return [hostname, port];
}

async function echo(reader: StreamReader, writer: StreamWriter): Promise<void> {
  try {
    for (let data; (data = await reader.read(1000)).length > 0;) {
      writer.write(data);
      await writer.drain();
    }
  } finally {
    writer.close();
  }
}

Deno.test("startServer() runs each connection in a task of its own", () =>
  run(async () => {
    const tasks: Task[] = [];
    await using server = await startServer(
      (_, writer) => {
        tasks.push(currentTask()!);
        writer.write(currentTask()!.getName());
        writer.close();
      },
      "127.0.0.1",
      0,
    );
    for (let i = 0; i < 2; i++) {
      const [reader, writer] = await openConnection(...addressOf(server));
      assertEquals(textOf(await reader.read()), tasks[i]!.getName());
      writer.close();
    }
    assertNotStrictEquals(tasks[0], tasks[1]);
    assertNotStrictEquals(tasks[0], currentTask());
  }));

Deno.test("startServer() leaves the connection open when the callback has ended", () =>
  run(async () => {
    const writers: StreamWriter[] = [];
    await using server = await startServer(
      (_, writer) => writers.push(writer),
      "127.0.0.1",
      0,
    );
    const [reader, writer] = await openConnection(...addressOf(server));
    writer.write("hello");
    while (writers.length === 0 || allTasks().size > 1) await sleep(0);
    writers[0]!.write("still there");
    writers[0]!.close();
    assertEquals(textOf(await reader.read()), "still there");
    writer.close();
  }));

Deno.test("startServer() closes the connection whose task failed, and reports it", () =>
  run(async () => {
    const report = new Future<ExceptionContext>();
    getRunningLoop().setExceptionHandler((_, context) =>
      report.setResult(context)
    );
    await using server = await startServer(
      async (reader, writer) => {
        const line = textOf(await reader.readLine());
        if (line === "fail\n") throw new Error("as asked");
        writer.write(line);
        writer.close();
      },
      "127.0.0.1",
      0,
    );
    const [reader1, writer1] = await openConnection(...addressOf(server));
    const [reader2, writer2] = await openConnection(...addressOf(server));
    writer1.write("fail\n");
    assertEquals(textOf(await reader1.read()), "");
    const { exception, transport, task } = await report;
    assertEquals((exception as Error).message, "as asked");
    assert(transport && task);
    writer2.write("work\n");
    assertEquals(textOf(await reader2.read()), "work\n");
    writer1.close();
    writer2.close();
  }));

Deno.test("startServer() closes the connection whose task was cancelled, without a report", () =>
  run(async () => {
    const reports = recordExceptions(getRunningLoop());
    const tasks: Task[] = [];
    const running = new Event();
    await using server = await startServer(
      async (reader) => {
        tasks.push(currentTask()!);
        running.set();
        await reader.read();
      },
      "127.0.0.1",
      0,
    );
    const [reader, writer] = await openConnection(...addressOf(server));
    await running.wait();
    tasks[0]!.cancel();
    assertEquals(textOf(await reader.read()), "");
    assertEquals(reports, []);
    writer.close();
  }));

Deno.test("startServer() tells wrong arguments before it listens", () =>
  run(async () => {
    assertThrows(
      () => startServer({} as never, "127.0.0.1", 0),
      TypeError,
      "The clientConnected of startServer() must be a function: received an instance of Object",
    );
    assertThrows(
      () => startServer(echo, "127.0.0.1", 0, { limit: 0 }),
      RangeError,
      "received 0",
    );
    await assertRejects(
      () => startServer(echo, "127.0.0.1", 70000),
      RangeError,
      "received 70000",
    );
    await assertRejects(
      () => startServer(echo, "127.0.0.1", 0, { tls: {} }),
      RangeError,
      "must include cert and key",
    );
  }));

Deno.test("startServer() hands its limit to the readers", () =>
  run(async () => {
    const error = new Future<unknown>();
    await using server = await startServer(
      async (reader, writer) => {
        await reader.readLine().catch((reason) => error.setResult(reason));
        writer.close();
      },
      "127.0.0.1",
      0,
      { limit: 10 },
    );
    const [reader, writer] = await openConnection(...addressOf(server));
    writer.write("longer than ten bytes\n");
    assert(await error instanceof RangeError);
    await reader.read().catch(() => {});
    writer.close();
  }));

Deno.test("openConnection() tells wrong arguments, and what went wrong", () =>
  run(async () => {
    assertThrows(
      () => openConnection("127.0.0.1", 1, { limit: 0 }),
      RangeError,
      "received 0",
    );
    await assertRejects(() => openConnection(), RangeError, "neither");
    await assertRejects(
      () => openConnection("127.0.0.1", 1.5),
      RangeError,
      "received 1.5",
    );
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    await assertRejects(
      () => openConnection("127.0.0.1", port),
      Deno.errors.ConnectionRefused,
    );
  }));

Deno.test("openConnection() works at the top level, on the default loop", async () => {
  await using server = await startServer(echo, "127.0.0.1", 0);
  const [reader, writer] = await openConnection(...addressOf(server));
  writer.write("hello\n");
  assertEquals(textOf(await reader.readLine()), "hello\n");
  writer.close();
  await writer.waitClosed();
});

Deno.test("Streams are cancelled at every await, and lose nothing", () =>
  run(async () => {
    await using server = await startServer(echo, "127.0.0.1", 0);
    const [reader, writer] = await openConnection(...addressOf(server));
    let sent = "";
    let received = "";
    for (let i = 0; i < 300; i++) {
      writer.write(`${i}\n`);
      sent += `${i}\n`;
      const task = createTask(async () => {
        while (true) {
          received += textOf(await reader.readLine());
          await writer.drain();
        }
      });
      for (let turn = 0; turn < i % 7; turn++) {
        await sleep(i % 2 ? 0 : 0.00001);
      }
      task.cancel();
      await assertRejects(() => task, CancelledError);
    }
    writer.writeEof();
    received += textOf(await reader.read());
    assertEquals(received, sent);
    writer.close();
  }));

Deno.test("timeout() gives up a read and leaves the stream in order", () =>
  run(async () => {
    await using server = await startServer(echo, "127.0.0.1", 0);
    const [reader, writer] = await openConnection(...addressOf(server));
    writer.write("no newline yet");
    await assertRejects(() => timeout(0.001, () => reader.readLine()));
    writer.write("\n");
    assertEquals(textOf(await reader.readLine()), "no newline yet\n");
    writer.close();
  }));

Deno.test("startServer() takes 1,000 connections that come and go, half of them rudely", () =>
  run(async () => {
    const COUNT = 1000;
    const unexpected: unknown[] = [];
    getRunningLoop().setExceptionHandler((_, { exception }) => {
      const isRude = exception instanceof Deno.errors.ConnectionReset ||
        exception instanceof Deno.errors.BrokenPipe;
      if (!isRude) unexpected.push(exception);
    });
    let served = 0;
    let ended = 0;
    const allEnded = new Event();
    const server = await startServer(
      async (reader, writer) => {
        served++;
        try {
          await echo(reader, writer);
        } finally {
          if (++ended === COUNT) allEnded.set();
        }
      },
      "127.0.0.1",
      0,
    );
    const [hostname, port] = addressOf(server);

    const polite = async () => {
      const [reader, writer] = await openConnection(hostname, port);
      writer.write("hello\n");
      assertEquals(textOf(await reader.readLine()), "hello\n");
      writer.close();
      await writer.waitClosed();
    };
    const aborting = async () => {
      const [reader, writer] = await openConnection(hostname, port);
      writer.write("hello\n");
      await reader.readExactly(1);
      // With data unread the peer gets a reset.
      writer.write("never read");
      writer.transport.abort();
      await writer.waitClosed();
    };
    const resetting = () =>
      new Promise<void>((resolve, reject) => {
        const socket = connectByNode(port, hostname, () => {
          socket.write("hello\n");
          socket.once("data", () => {
            socket.resetAndDestroy();
            // Deno 2.5 does not do it all.
            socket.destroy();
          });
        });
        socket.once("close", () => resolve());
        socket.once("error", reject);
      });
    const silent = async () => {
      const [, writer] = await openConnection(hostname, port);
      writer.transport.abort();
      await writer.waitClosed();
    };

    const kinds = [polite, aborting, polite, resetting, polite, silent];
    const atOnce = new Semaphore(200);
    await gather(
      Array.from({ length: COUNT }, (_, i) => async () => {
        using _permit = await atOnce.acquire();
        await kinds[i % kinds.length]!();
      }),
    );
    await allEnded.wait();
    server.close();
    await server.waitClosed();
    assertEquals(unexpected, []);
    assertEquals(served, COUNT);
    assertEquals(allTasks().size, 1);
  }));

Deno.test("startServer() and openConnection() take options alone where these have the sock", () =>
  run(async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await using _ = await startServer(echo, { sock: listener });
    const conn = await Deno.connect({ port: listener.addr.port });
    const [reader, writer] = await openConnection({ sock: conn, limit: 100 });
    writer.write("hello\n");
    assertEquals(textOf(await reader.readLine()), "hello\n");
    writer.close();
    await writer.waitClosed();
  }));

Deno.test("startServer() and openConnection() refuse options in two places", () =>
  run(async () => {
    await assertRejects(
      () => openConnection({ sock: {} } as never, 80),
      TypeError,
      "host",
    );
    await assertRejects(
      () => startServer(echo, {} as never, null, {}),
      TypeError,
      "host",
    );
    await assertRejects(() => openConnection({} as never), RangeError, "sock");
  }));
