// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import {
  CancelledError,
  createTask,
  ExceptionGroup,
  Future,
  getRunningLoop,
  run,
  sleep,
  type Task,
  type TimerHandle,
  type Transport,
  wrapFuture,
} from "../../../mod.ts";
import {
  assertClosesWhatComesLate,
  connectAndCancel,
} from "../../../tests/doubles/cancelled_connect.ts";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { Recorder, turns } from "../../../tests/doubles/recorder.ts";
import type { AddrInfo } from "../dns/names.ts";
import {
  type ConnectionOptions,
  DuplexConn,
  interleave,
  race,
  type RaceOutcome,
} from "./connect.ts";
import { PassThrough } from "node:stream";
import { bytesOf, textOf } from "../../../tests/doubles/text.ts";
import { schedulerOf } from "../../core/scheduler.ts";

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

function infos(families: string): AddrInfo[] {
  return [...families].map((digit, i) => ({
    transport: "tcp",
    hostname: `host ${i}`,
    port: 1,
    family: digit === "6" ? 6 : 4,
  }));
}

Deno.test("interleave() alternates between the families", () => {
  const cases: [families: string, count: number, expected: string][] = [
    ["", 1, ""],
    ["4", 1, "0"],
    ["666444", 1, "031425"],
    ["6644446", 1, "0213645"],
    ["444466", 1, "041523"],
    ["66644", 2, "01324"],
    ["66644", 3, "01234"],
    ["66644", 9, "01234"],
  ];
  for (const [families, count, expected] of cases) {
    const result = interleave(infos(families), count);
    assertEquals(
      result.map(({ hostname }) => hostname.slice(5)).join(""),
      expected,
      `${families}, ${count}`,
    );
  }
});

Deno.test("DuplexConn.read() serves concurrent reads in order", async () => {
  const conn = new DuplexConn(new PassThrough(), new FakeConn());
  const memories = [new Uint8Array(2), new Uint8Array(2)];
  const reads = memories.map((memory) => conn.read(memory));
  await conn.write(bytesOf("abc"));
  assertEquals(await Promise.all(reads), [2, 1]);
  assertEquals(memories.map((memory) => textOf(memory)), ["ab", "c\0"]);
  conn.close();
});

/** Attempts that the test settles, and timers that the test fires. */
class Course {
  readonly attempts: PromiseWithResolvers<string>[] = [];
  readonly signals: AbortSignal[] = [];
  readonly discarded: string[] = [];
  readonly delays: unknown[] = [];
  readonly #timers = new Map<TimerHandle, () => void>();
  readonly task: Task<RaceOutcome<string>>;

  constructor(count: number, delay: number | null) {
    const loop = getRunningLoop();
    loop.callLater = (seconds, callback, ...args) => {
      this.delays.push(seconds);
      const handle = loop.callAt(loop.time() + 3600, () => {});
      const cancel = handle.cancel.bind(handle);
      handle.cancel = () => {
        this.#timers.delete(handle);
        cancel();
      };
      this.#timers.set(handle, () => callback(...args));
      return handle;
    };
    const attempt = (signal: AbortSignal) => {
      const deferred = Promise.withResolvers<string>();
      this.attempts.push(deferred);
      this.signals.push(signal);
      return deferred.promise;
    };
    this.task = createTask(() =>
      race(schedulerOf(loop), {
        attempts: Array(count).fill(attempt),
        delay,
        discard: (loser) => this.discarded.push(loser),
      })
    );
  }

  /** Fires the timer of the delay. */
  async passDelay(): Promise<void> {
    const [[handle, ring]] = [...this.#timers] as [[TimerHandle, () => void]];
    handle.cancel();
    getRunningLoop().callSoon(ring);
    await turns();
  }

  async fail(index: number): Promise<void> {
    this.attempts[index]!.reject(new Error(`error ${index}`));
    await turns();
  }

  async succeed(index: number): Promise<void> {
    this.attempts[index]!.resolve(`value ${index}`);
    await turns();
  }

  get aborted(): number[] {
    return [...this.signals.keys()].filter((i) => this.signals[i]!.aborted);
  }

  get timers(): number {
    return this.#timers.size;
  }
}

async function messages(course: Course): Promise<unknown> {
  const outcome = await course.task;
  if ("value" in outcome) return outcome.value;
  return outcome.error.map((error) => (error as Error).message);
}

Deno.test("race() runs one attempt after the other without a delay", () =>
  run(async () => {
    const course = new Course(3, null);
    await turns();
    assertEquals(course.attempts.length, 1);
    await course.fail(0);
    assertEquals(course.attempts.length, 2);
    await course.succeed(1);
    assertEquals(await messages(course), "value 1");
    assertEquals(course.attempts.length, 2);
    assertEquals(course.delays, []);
    assertEquals(course.aborted, []);
  }));

Deno.test("race() starts the next attempt after the delay or a failure", () =>
  run(async () => {
    const course = new Course(4, 0.25);
    await turns();
    assertEquals(course.attempts.length, 1);
    await course.passDelay();
    assertEquals(course.attempts.length, 2);
    // The attempt before the latest. Its failure starts no attempt.
    await course.fail(0);
    assertEquals(course.attempts.length, 2);
    assertEquals(course.timers, 1);
    await course.fail(1);
    assertEquals(course.attempts.length, 3);
    assertEquals(course.timers, 1);
    await course.passDelay();
    assertEquals(course.attempts.length, 4);
    // There is no fifth attempt.
    assertEquals(course.delays, [0.25, 0.25, 0.25]);
    await course.succeed(2);
    assertEquals(await messages(course), "value 2");
    assertEquals(course.aborted, [3]);
    assertEquals(course.timers, 0);
    await course.succeed(3);
    assertEquals(course.discarded, ["value 3"]);
  }));

Deno.test("race() returns all errors in the order of the attempts", () =>
  run(async () => {
    const course = new Course(3, 1);
    await turns();
    await course.passDelay();
    await course.fail(1);
    await course.fail(2);
    assertEquals(course.task.done(), false);
    await course.fail(0);
    assertEquals(await messages(course), ["error 0", "error 1", "error 2"]);
    assertEquals(course.timers, 0);
  }));

Deno.test("race() returns one value when two attempts succeed together", () =>
  run(async () => {
    const course = new Course(3, 1);
    await turns();
    await course.passDelay();
    course.attempts[1]!.resolve("value 1");
    course.attempts[0]!.resolve("value 0");
    await turns();
    assertEquals(await messages(course), "value 1");
    assertEquals(course.discarded, ["value 0"]);
    assertEquals(course.timers, 0);
  }));

Deno.test("race() ignores failures after its end", () =>
  run(async () => {
    const course = new Course(2, 1);
    await turns();
    await course.passDelay();
    course.attempts[0]!.resolve("value 0");
    course.attempts[1]!.reject(new Error("late"));
    await turns();
    assertEquals(await messages(course), "value 0");
    assertEquals(course.discarded, []);
  }));

Deno.test("race() aborts its attempts and its timer when cancelled", () =>
  run(async () => {
    const course = new Course(3, 1);
    await turns();
    await course.passDelay();
    course.task.cancel();
    await assertRejects(() => course.task, CancelledError);
    assertEquals(course.aborted, [0, 1]);
    assertEquals(course.timers, 0);
    await course.succeed(0);
    await course.fail(1);
    assertEquals(course.discarded, ["value 0"]);
    assertEquals(course.attempts.length, 2);
  }));

Deno.test("race() returns the outcome of a single attempt", () =>
  run(async () => {
    const failing = new Course(1, 1);
    const winning = new Course(1, 1);
    await turns();
    await failing.fail(0);
    await winning.succeed(0);
    assertEquals(await messages(failing), ["error 0"]);
    assertEquals(await messages(winning), "value 0");
    assertEquals(winning.delays, []);

    for (const end of ["succeed", "fail"] as const) {
      const cancelled = new Course(1, 1);
      await turns();
      cancelled.task.cancel();
      await assertRejects(() => cancelled.task, CancelledError);
      assertEquals(cancelled.aborted, [0]);
      await cancelled[end](0);
      assertEquals(
        cancelled.discarded,
        end === "succeed" ? ["value 0"] : [],
      );
    }
  }));

Deno.test("race() discards the value when cancelled as it ends", () =>
  run(async () => {
    let cancelled = 0;
    for (let i = 0; i < 16; i++) {
      const steps = i >> 1;
      const course = new Course(1 + i % 2, null);
      await turns();
      course.attempts[0]!.resolve("value 0");
      for (let i = 0; i < steps; i++) await sleep(0);
      course.task.cancel();
      await course.task.catch(() => {});
      await turns();
      if (course.task.cancelled()) cancelled++;
      assertEquals(
        course.discarded,
        course.task.cancelled() ? ["value 0"] : [],
      );
    }
    assert(cancelled > 0);
  }));
