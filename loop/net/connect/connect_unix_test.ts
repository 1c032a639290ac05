// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { getRunningLoop, run } from "../../../mod.ts";
import {
  assertClosesWhatComesLate,
  connectAndCancel,
} from "../../../tests/doubles/cancelled_connect.ts";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { Recorder } from "../../../tests/doubles/recorder.ts";
import { withDirectory } from "../../../tests/doubles/directory.ts";

const ignore = Deno.build.os === "windows";

Deno.test("loop.createUnixConnection() connects and has the addresses", {
  ignore,
}, () =>
  withDirectory((directory) =>
    run(async () => {
      const loop = getRunningLoop();
      const path = `${directory}/ü %20`;
      const accepted: Recorder[] = [];
      class Accepted extends Recorder {
        override connectionMade(transport: Recorder["transport"]): void {
          super.connectionMade(transport);
          accepted.push(this);
        }
      }
      await using _ = await loop.createUnixServer(() => new Accepted(), path);
      const url = new URL(`file://${encodeURI(path)}`);
      for (const way of [path, url]) {
        const [transport, client] = await loop
          .createUnixConnection(() => new Recorder(), way);
        assertEquals(transport.getExtraInfo("peername"), {
          transport: "unix",
          path,
        });
        const socket = transport.getExtraInfo("socket") as Deno.UnixConn;
        assertEquals(
          transport.getExtraInfo("sockname"),
          socket.localAddr,
        );
        transport.write("hello");
        transport.writeEof();
        await client.lost;
        const peer = accepted.pop()!;
        assertEquals(peer.events.slice(0, 3), ["made", "hello", "eof"]);
        assertEquals(peer.transport.getExtraInfo("sockname"), {
          transport: "unix",
          path,
        });
        await peer.lost;
      }
    })
  ));

Deno.test("loop.createUnixConnection() reaches the abstract namespace", {
  ignore: Deno.build.os !== "linux",
}, () =>
  run(async () => {
    const loop = getRunningLoop();
    const path = `\0asyncio-${crypto.randomUUID()}`;
    await using server = await loop
      .createUnixServer(() => new Recorder(), path);
    assertEquals(server.sockets[0]!.addr, { transport: "unix", path });
    const [transport, client] = await loop
      .createUnixConnection(() => new Recorder(), path);
    transport.close();
    await client.lost;
  }));

Deno.test(
  "loop.createUnixConnection() names the path that it cannot connect to",
  {
    ignore,
  },
  () =>
    withDirectory((directory) =>
      run(async () => {
        const connect = (path: string) =>
          getRunningLoop().createUnixConnection(() => new Recorder(), path);
        const missing = await assertRejects(
          () => connect(`${directory}/missing`),
          Deno.errors.NotFound,
          `the Unix socket "${directory}/missing": No such file`,
        );
        assertEquals((missing as Error & { code: string }).code, "ENOENT");
        await Deno.writeTextFile(`${directory}/file`, "");
        await assertRejects(
          () => connect(`${directory}/file`),
          Deno.errors.ConnectionRefused,
          "/file",
        );
        await assertRejects(
          () => connect(`${directory}/${"x".repeat(200)}`),
          TypeError,
          "xxx",
        );
      })
    ),
);

Deno.test(
  "loop.createUnixConnection() validates its arguments first",
  {
    ignore,
  },
  () =>
    run(async () => {
      const loop = getRunningLoop();
      const make = () => new Recorder();
      const connect = (...args: unknown[]) =>
        loop.createUnixConnection(make, ...args as []);
      await assertRejects(() => connect(), RangeError, "received neither");
      const tcp = new FakeConn();
      await assertRejects(
        () => connect("/x", { sock: tcp }),
        RangeError,
        "received both",
      );
      await assertRejects(
        () => connect(null, { sock: tcp }),
        RangeError,
        "The sock must be a Unix socket: received a tcp socket",
      );
      await assertRejects(
        () => connect(null, { sock: 1 }),
        TypeError,
        "The sock must be a Deno.Conn: received 1",
      );
      await assertRejects(() => connect(""), RangeError, "a non-empty string");
      await assertRejects(
        () => connect(5),
        TypeError,
        "The path must be a string or a file: URL: received 5",
      );
      await assertRejects(
        () => connect(new URL("http://localhost/x")),
        RangeError,
        'received "http://localhost/x"',
      );
      await assertRejects(
        () => connect("/x", { tls: true }),
        RangeError,
        "must include serverName",
      );
      await assertRejects(
        () => loop.createUnixConnection(5 as never, "/x"),
        TypeError,
        "The protocol factory of createUnixConnection() must be a function",
      );
      assertEquals(tcp.isClosed, false);
    }),
);

Deno.test(
  "loop.createUnixConnection() closes a given connection if the factory fails",
  {
    ignore,
  },
  () =>
    withDirectory((directory) =>
      run(async () => {
        const loop = getRunningLoop();
        const path = `${directory}/socket`;
        await using _ = await loop.createUnixServer(() => new Recorder(), path);
        const sock = await Deno.connect({ transport: "unix", path });
        const [transport, client] = await loop
          .createUnixConnection(() => new Recorder(), { sock });
        assertEquals(transport.getExtraInfo("socket"), sock);
        transport.close();
        await client.lost;

        const refused = () => {
          throw new Error("no protocol");
        };
        await assertRejects(
          () => loop.createUnixConnection(refused, path),
          Error,
          "no protocol",
        );
      })
    ),
);

Deno.test(
  "loop.createUnixConnection() closes the connection when cancelled",
  {
    ignore,
  },
  () =>
    withDirectory((directory) =>
      run(async () => {
        const loop = getRunningLoop();
        const path = `${directory}/socket`;
        await using _ = await loop.createUnixServer(() => new Recorder(), path);
        let cancelled = 0;
        for (let steps = 0; steps < 12; steps++) {
          const recorder = new Recorder();
          const connect = () => loop.createUnixConnection(() => recorder, path);
          if (await connectAndCancel(recorder, connect, steps)) cancelled++;
        }
        assert(cancelled > 0);
      })
    ),
);

Deno.test(
  "loop.createUnixConnection() closes a connection established after a cancellation",
  {
    ignore,
  },
  () =>
    assertClosesWhatComesLate(() =>
      getRunningLoop().createUnixConnection(() => new Recorder(), "/x")
    ),
);
