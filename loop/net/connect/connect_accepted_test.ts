// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { getRunningLoop, run } from "../../../mod.ts";
import { connectAndCancel } from "../../../tests/doubles/cancelled_connect.ts";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { Recorder } from "../../../tests/doubles/recorder.ts";

Deno.test("loop.connectAcceptedSocket() serves an accepted connection", () =>
  run(async () => {
    const loop = getRunningLoop();
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const [[, client], conn] = await Promise.all([
      loop.createConnection(
        () => new Recorder(),
        "127.0.0.1",
        listener.addr.port,
      ),
      listener.accept(),
    ]);
    const [transport, server] = await loop
      .connectAcceptedSocket(() => new Recorder(), conn);
    assertEquals(transport.getExtraInfo("socket"), conn);
    assertEquals(
      transport.getExtraInfo("peername"),
      client.transport.getExtraInfo("sockname"),
    );
    client.transport.write("hello");
    client.transport.writeEof();
    await server.lost;
    assertEquals(server.events, ["made", "hello", "eof", "lost null"]);
    await client.lost;
  }));

Deno.test("loop.connectAcceptedSocket() keeps the connection open on wrong arguments", () =>
  run(async () => {
    const loop = getRunningLoop();
    const conn = new FakeConn();
    await assertRejects(
      () => loop.connectAcceptedSocket(null as never, conn),
      TypeError,
      "The protocol factory of connectAcceptedSocket() must be a function: received null",
    );
    for (const value of [null, undefined, 5, {}]) {
      await assertRejects(
        () => loop.connectAcceptedSocket(() => new Recorder(), value as never),
        TypeError,
        "The conn must be a Deno.Conn: received",
      );
    }
    await assertRejects(
      () => loop.connectAcceptedSocket(() => new Recorder(), conn, { tls: {} }),
      RangeError,
      "must include cert and key",
    );
    assertEquals(conn.isClosed, false);
  }));

Deno.test("loop.connectAcceptedSocket() closes the connection when it fails or is cancelled", () =>
  run(async () => {
    const loop = getRunningLoop();
    const broken = new FakeConn();
    const make = () => {
      throw new Error("no protocol");
    };
    await assertRejects(
      () => loop.connectAcceptedSocket(make, broken),
      Error,
      "no protocol",
    );
    assert(broken.isClosed);
    let cancelled = 0;
    for (let steps = 1; steps < 6; steps++) {
      const conn = new FakeConn();
      const recorder = new Recorder();
      const connect = () => loop.connectAcceptedSocket(() => recorder, conn);
      if (await connectAndCancel(recorder, connect, steps)) cancelled++;
      assert(conn.isClosed || recorder.losses === 0);
    }
    assert(cancelled > 0);
  }));
