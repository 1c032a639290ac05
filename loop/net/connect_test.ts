// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertRejects } from "@std/assert";
import {
  CancelledError,
  createTask,
  getRunningLoop,
  run,
  sleep,
} from "../../mod.ts";
import { FakeConn } from "../../tests/doubles/conn.ts";
import { Recorder, turns } from "../../tests/doubles/recorder.ts";

Deno.test("loop.createConnection() tells wrong arguments before it does anything", () =>
  run(async () => {
    const loop = getRunningLoop();
    const make = () => new Recorder();
    await assertRejects(
      () => loop.createConnection(make),
      RangeError,
      "neither",
    );
    await assertRejects(
      () => loop.createConnection(make, "localhost", 65536),
      RangeError,
      "received 65536",
    );
    await assertRejects(
      () => loop.createConnection(make, "localhost"),
      RangeError,
      "received null",
    );
    await assertRejects(
      () =>
        loop.createConnection(make, "localhost", 1, { sock: new FakeConn() }),
      RangeError,
      "both",
    );
    await assertRejects(
      () => loop.createConnection(make() as never, "localhost", 1),
      TypeError,
      "received object",
    );
    await assertRejects(
      () => loop.createConnection(make, "localhost", 1, { tls: true }),
      Deno.errors.NotSupported,
      "tls",
    );
    await assertRejects(
      () =>
        loop.createConnection(make, "localhost", 1, { happyEyeballsDelay: -1 }),
      RangeError,
      "happyEyeballsDelay",
    );
  }));

Deno.test("loop.createConnection() fails where nothing listens", () =>
  run(async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    await assertRejects(
      () =>
        getRunningLoop().createConnection(
          () => new Recorder(),
          "127.0.0.1",
          port,
        ),
      Deno.errors.ConnectionRefused,
    );
  }));

Deno.test("loop.createConnection() closes the connection if no protocol is made", () =>
  run(async () => {
    const conn = new FakeConn();
    const make = () => {
      throw new Error("no protocol");
    };
    await assertRejects(
      () => getRunningLoop().createConnection(make, null, null, { sock: conn }),
      Error,
      "no protocol",
    );
    assert(conn.isClosed);
  }));

Deno.test("loop.createConnection() leaves no connection behind when it is cancelled", () =>
  run(async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    let attempts = 0;
    for (let steps = 0; steps < 12; steps++) {
      const recorder = new Recorder();
      const task = createTask(() =>
        getRunningLoop().createConnection(() => recorder, "127.0.0.1", port)
      );
      for (let i = 0; i < steps; i++) await sleep(0);
      task.cancel();
      await task.catch(() => {});
      if (task.cancelled()) attempts++;
      else recorder.transport.close();
      if (recorder.events.length > 0) await recorder.lost;
    }
    assert(attempts > 0);
    listener.close();
  }));

Deno.test("loop.createConnection() closes a connection that comes after the cancellation", async () => {
  const connect = Deno.connect;
  const coming = Promise.withResolvers<Deno.TcpConn>();
  Deno.connect = () => coming.promise as never;
  try {
    await run(async () => {
      const conn = new FakeConn();
      const task = createTask(() =>
        getRunningLoop().createConnection(() => new Recorder(), "192.0.2.1", 1)
      );
      await turns();
      task.cancel();
      await assertRejects(() => task, CancelledError);
      coming.resolve(conn as never);
      await turns();
      assert(conn.isClosed);
    });
  } finally {
    Deno.connect = connect;
  }
});
