// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  createTask,
  ExceptionGroup,
  Future,
  getRunningLoop,
  run,
  sleep,
  type Transport,
  wrapFuture,
} from "../../../mod.ts";
import {
  assertClosesWhatComesLate,
  connectAndCancel,
} from "../../../tests/doubles/cancelled_connect.ts";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { Recorder, turns } from "../../../tests/doubles/recorder.ts";
import type { AddrInfo } from "../dns/get_addr_info.ts";
import type { ConnectionOptions } from "./connect.ts";

Deno.test("loop.createConnection() validates its arguments first", () =>
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
      () => loop.createConnection(make, "localhost", "80" as never),
      TypeError,
      'The port must be an integer: received "80"',
    );
    await assertRejects(
      () => loop.createConnection(make, "localhost"),
      TypeError,
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
      "The protocol factory of createConnection() must be a function: received an instance of Recorder",
    );
    await assertRejects(
      () =>
        loop.createConnection(make, "localhost", 1, { localAddr: 3 as never }),
      TypeError,
      "The localAddr option must be an object with a hostname and a port: received 3",
    );
    const bad: [ConnectionOptions, string][] = [
      [{ happyEyeballsDelay: -1 }, "happyEyeballsDelay"],
      [{ interleave: -1 }, "interleave"],
      [{ interleave: 1.5 }, "received 1.5"],
      [{ family: 5 as never }, "The family must be 0, 4 or 6: received 5"],
      [{ localAddr: { hostname: "127.0.0.1", port: -1 } }, "received -1"],
    ];
    for (const [options, message] of bad) {
      await assertRejects(
        () => loop.createConnection(make, "localhost", 1, options),
        RangeError,
        message,
      );
    }
    await assertRejects(
      () => loop.createConnection(make, { sock: {} as never }),
      TypeError,
      "The sock must be a Deno.Conn: received an instance of Object",
    );
  }));

Deno.test("loop.createConnection() rejects options in two places", () =>
  run(async () => {
    const loop = getRunningLoop();
    const make = () => new Recorder();
    const sock = new FakeConn();
    for (const rest of [[80], [undefined, {}]] as [number?, object?][]) {
      await assertRejects(
        () => loop.createConnection(make, { sock }, ...rest),
        TypeError,
        "The host must be",
      );
    }
    assert(!sock.isClosed);
  }));

Deno.test("loop.createConnection() rejects where nothing listens", () =>
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

Deno.test("loop.createConnection() closes the connection if the factory fails", () =>
  run(async () => {
    const conn = new FakeConn();
    const make = () => {
      throw new Error("no protocol");
    };
    await assertRejects(
      () => getRunningLoop().createConnection(make, { sock: conn }),
      Error,
      "no protocol",
    );
    assert(conn.isClosed);
  }));

Deno.test("loop.createConnection() closes the connection when cancelled", () =>
  run(async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    let attempts = 0;
    for (let steps = 0; steps < 12; steps++) {
      const recorder = new Recorder();
      const connect = () =>
        getRunningLoop().createConnection(() => recorder, "127.0.0.1", port);
      if (await connectAndCancel(recorder, connect, steps)) attempts++;
    }
    assert(attempts > 0);
    listener.close();
  }));

Deno.test("loop.createConnection() closes a connection established after a cancellation", () =>
  assertClosesWhatComesLate(() =>
    getRunningLoop().createConnection(() => new Recorder(), "192.0.2.1", 1)
  ));

function address(hostname: string, port: number): AddrInfo {
  return {
    transport: "tcp",
    hostname,
    port,
    family: hostname.includes(":") ? 6 : 4,
  };
}

/** Returns a port without a listener. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Resolves the name `host.test` to some addresses. */
function resolveTo(...infos: AddrInfo[]): void {
  const loop = getRunningLoop();
  const { getAddrInfo } = loop;
  loop.getAddrInfo = (host, ...rest) =>
    host === "host.test"
      ? wrapFuture(Promise.resolve(infos))
      : getAddrInfo.call(loop, host, ...rest);
}

function connectTo(
  host: string | null,
  port: number,
  options?: ConnectionOptions,
): Promise<[Transport, Recorder]> {
  return getRunningLoop()
    .createConnection(() => new Recorder(), host, port, options);
}

Deno.test("loop.createConnection() tries one address after the other", () =>
  run(async () => {
    await using server = await getRunningLoop()
      .createServer(() => new Recorder(), "127.0.0.1", 0);
    const { port } = server.sockets[0]!.addr as Deno.NetAddr;
    resolveTo(
      address("127.0.0.2", port),
      address("127.0.0.3", port),
      address("127.0.0.1", port),
    );
    for (const options of [{}, { happyEyeballsDelay: 60 }]) {
      const [transport, client] = await connectTo("host.test", port, options);
      assertEquals(transport.getExtraInfo("peername"), {
        transport: "tcp",
        hostname: "127.0.0.1",
        port,
      });
      transport.close();
      await client.lost;
    }
  }));

Deno.test("loop.createConnection() connects to this machine by name, and without one", () =>
  run(async () => {
    await using server = await getRunningLoop()
      .createServer(() => new Recorder(), null, 0);
    const { port } = server.sockets[0]!.addr as Deno.NetAddr;
    for (const host of ["localhost", null, ""]) {
      const [transport, client] = await connectTo(host, port, { family: 4 });
      transport.close();
      await client.lost;
    }
  }));

Deno.test("loop.createConnection() lists the attempts in an error of the last one's class", () =>
  run(async () => {
    const port = freePort();
    const alone = await assertRejects(
      () => connectTo("127.0.0.1", port),
      Deno.errors.ConnectionRefused,
      `Cannot connect to 127.0.0.1:${port}: Connection refused`,
    ) as Error & { code: string };
    assertEquals(alone.code, "ECONNREFUSED");
    await assertRejects(
      () => connectTo("[::ffff:127.0.0.1]", port),
      Deno.errors.ConnectionRefused,
      `Cannot connect to [::ffff:127.0.0.1]:${port}: Connection refused`,
    );
    assert(alone.cause instanceof Deno.errors.ConnectionRefused);

    resolveTo(address("127.0.0.1", port));
    await assertRejects(
      () => connectTo("host.test", port),
      Deno.errors.ConnectionRefused,
      `host.test:${port} (tried 127.0.0.1:${port}: Connection refused`,
    );

    resolveTo(address("127.0.0.2", port), address("127.0.0.1", port));
    for (const happyEyeballsDelay of [null, 0]) {
      const both = await assertRejects(
        () => connectTo("host.test", port, { happyEyeballsDelay }),
        Deno.errors.ConnectionRefused,
      ) as Error & { code: string };
      assertMatch(
        both.message,
        /host\.test:\d+ \(tried 127\.0\.0\.2:\d+: .*; 127\.0\.0\.1:\d+: .*\)$/,
      );
      assertEquals(both.code, "ECONNREFUSED");
      assert(both.cause instanceof ExceptionGroup);
      assertEquals(both.cause.exceptions.length, 2);
    }

    const group = await assertRejects(
      () => connectTo("host.test", port, { allErrors: true }),
      ExceptionGroup,
      `Cannot connect to host.test:${port}`,
    ) as ExceptionGroup;
    assertEquals(
      group.exceptions.map((error) => (error as Error).message.split(": ")[0]),
      ["127.0.0.2", "127.0.0.1"]
        .map((host) => `Cannot connect to ${host}:${port}`),
    );
    assert(group.subgroup(Deno.errors.ConnectionRefused));
  }));

Deno.test("loop.createConnection() rejects with NotFound for a host without an address", () =>
  run(async () => {
    const error = await assertRejects(
      () => connectTo("nowhere.invalid", 80),
      Deno.errors.NotFound,
      "Cannot find an address of nowhere.invalid:80",
    );
    assertEquals((error as Error & { code: string }).code, "ENOTFOUND");
    await assertRejects(
      () => connectTo("127.0.0.1", 80, { family: 6 }),
      Deno.errors.NotFound,
      "no IPv6 address",
    );
  }));

Deno.test(
  "loop.createConnection() connects with permission for a name alone",
  {
    permissions: { net: ["localhost"] },
  },
  () =>
    run(async () => {
      await using server = await getRunningLoop()
        .createServer(() => new Recorder(), "localhost", 0);
      const { port } = server.sockets[0]!.addr as Deno.NetAddr;
      for (const host of ["localhost", null]) {
        const [transport, client] = await connectTo(host, port, {
          happyEyeballsDelay: 0.25,
        });
        transport.close();
        await client.lost;
      }
      await assertRejects(
        () => connectTo("127.0.0.1", port),
        Deno.errors.NotCapable,
        `Cannot connect to 127.0.0.1:${port}: Requires net access`,
      );
      await assertRejects(
        () => connectTo("127.0.0.1", port, { localAddr: LOCAL }),
        Deno.errors.NotCapable,
        `Requires net access to "${LOCAL.hostname}:0"`,
      );
      await assertRejects(
        () => connectTo("nowhere.invalid", port, { family: 4 }),
        Deno.errors.NotCapable,
        "--allow-net=nowhere.invalid",
      );
    }),
);

Deno.test(
  "loop.createConnection() rejects with NotFound if Deno cannot resolve the host",
  {
    permissions: { net: ["nowhere.invalid"] },
  },
  () =>
    run(async () => {
      await assertRejects(
        () => connectTo("nowhere.invalid", 80),
        Deno.errors.NotFound,
        "Cannot find an address of nowhere.invalid:80",
      );
      await assertRejects(
        () =>
          getRunningLoop()
            .createServer(() => new Recorder(), "nowhere.invalid", 0),
        Deno.errors.NotFound,
        "Cannot find an address of nowhere.invalid:0",
      );
    }),
);

Deno.test("loop.createConnection() tries the next address concurrently with a slow one", async () => {
  const { connect } = Deno;
  const attempts: string[] = [];
  const signals: AbortSignal[] = [];
  const slow = Promise.withResolvers<Deno.TcpConn>();
  const fast = new FakeConn();
  Deno.connect = (options: unknown) => {
    const { hostname, signal } = options as Deno.ConnectOptions;
    attempts.push(hostname!);
    signals.push(signal!);
    return (attempts.length === 1
      ? slow.promise
      : Promise.resolve(fast)) as never;
  };
  try {
    await run(async () => {
      resolveTo(
        address("::1", 1),
        address("::2", 1),
        address("127.0.0.1", 1),
        address("127.0.0.2", 1),
      );
      const [transport, client] = await connectTo("host.test", 1, {
        happyEyeballsDelay: 0,
      });
      assertEquals(transport.getExtraInfo("socket"), fast);
      // The families alternate.
      assertEquals(attempts.slice(0, 2), ["::1", "127.0.0.1"]);
      assert(signals[0]!.aborted);
      const late = new FakeConn();
      slow.resolve(late as never);
      await turns();
      assert(late.isClosed);
      transport.close();
      await client.lost;
    });
  } finally {
    Deno.connect = connect;
  }
});

// Not every system has all of 127.0.0.0/8.
const LOCAL = {
  hostname: Deno.build.os === "linux" ? "127.0.0.3" : "127.0.0.1",
  port: 0,
};

Deno.test("loop.createConnection() connects from a local address", () =>
  run(async () => {
    const accepted = new Future<Recorder>();
    class Accepted extends Recorder {
      override keepOpen = true;
      override connectionMade(transport: Transport): void {
        super.connectionMade(transport);
        accepted.setResult(this);
      }
    }
    await using server = await getRunningLoop()
      .createServer(() => new Accepted(), "127.0.0.1", 0);
    const { port } = server.sockets[0]!.addr as Deno.NetAddr;
    const [transport, client] = await connectTo("127.0.0.1", port, {
      localAddr: LOCAL,
    });
    client.keepOpen = true;
    const peer = await accepted;
    const sockname = transport.getExtraInfo("sockname") as Deno.NetAddr;
    assertEquals(sockname.hostname, LOCAL.hostname);
    assertEquals(
      peer.transport.getExtraInfo("peername") as Deno.NetAddr,
      sockname,
    );

    const data = new Uint8Array(1_000_000).fill(97);
    transport.write(data);
    transport.writeEof();
    await peer.eof.wait();
    const size = peer.events.slice(1, -1).join("").length;
    assertEquals(size, data.length);
    peer.transport.write("thanks");
    await client.got.wait();
    peer.transport.close();
    await client.eof.wait();
    assertEquals(client.events.slice(-2), ["thanks", "eof"]);
    transport.close();
    await client.lost;
    await peer.lost;
  }));

Deno.test("loop.createConnection() explains why it cannot connect from a local address", () =>
  run(async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    await assertRejects(
      () => connectTo("127.0.0.1", port, { localAddr: listener.addr }),
      Deno.errors.AddrInUse,
      `Cannot bind to 127.0.0.1:${port}`,
    );
    await assertRejects(
      () =>
        connectTo("127.0.0.1", port, {
          localAddr: { hostname: "::1", port: 0 },
        }),
      Deno.errors.AddrNotAvailable,
      "must be an IPv4 address",
    );
    const error = await assertRejects(
      () => connectTo("127.0.0.1", freePort(), { localAddr: LOCAL }),
      Deno.errors.ConnectionRefused,
    );
    assert(!error.message.includes("bind"));
  }));

Deno.test("loop.createConnection() with localAddr closes the connection when cancelled", () =>
  run(async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    let cancelled = 0;
    for (let steps = 0; steps < 20; steps++) {
      const recorder = new Recorder();
      const task = createTask(() =>
        getRunningLoop().createConnection(() => recorder, "127.0.0.1", port, {
          localAddr: LOCAL,
        })
      );
      for (let i = 0; i < steps; i++) await sleep(0);
      task.cancel();
      await task.catch(() => {});
      if (task.cancelled()) cancelled++;
      else recorder.transport.close();
      if (recorder.events.length > 0) await recorder.lost;
    }
    assert(cancelled > 0);
  }));
