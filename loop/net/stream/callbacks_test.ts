// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import {
  type BaseProtocol,
  ContextVar,
  createTask,
  Event,
  Future,
  getRunningLoop,
  openConnection,
  run,
  sleep,
  startServer,
  type StreamWriter,
  type Transport,
} from "../../../mod.ts";
import {
  AUTHORITY,
  LOCALHOST,
} from "../../../tests/certificates/certificates.ts";
import {
  DatagramRecorder,
  sender,
} from "../../../tests/doubles/datagram_recorder.ts";
import { withDirectory } from "../../../tests/doubles/directory.ts";
import { FakeConn } from "../../../tests/doubles/conn.ts";
import { ProcessRecorder } from "../../../tests/doubles/process_recorder.ts";
import { runProgram } from "../../../tests/doubles/program.ts";
import { pair, Recorder } from "../../../tests/doubles/recorder.ts";

const place = new ContextVar("place", "nowhere");

/** The values of `place` in the methods and factories of protocols. */
class Witness {
  /** Removes repetitions. */
  readonly seen: string[] = [];

  /** Creates a protocol whose methods record where they run. */
  watch<P extends BaseProtocol>(protocol: P): P {
    this.note("factory");
    return new Proxy(protocol, {
      get: (target, name) => {
        const member = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          if (METHODS.has(String(name))) this.note(String(name));
          return Reflect.apply(member, target, args);
        };
      },
    });
  }

  note(what: string): void {
    const entry = `${what}: ${place.get()}`;
    if (!this.seen.includes(entry)) this.seen.push(entry);
  }
}

const METHODS: ReadonlySet<string> = new Set([
  "connectionMade",
  "dataReceived",
  "eofReceived",
  "pauseWriting",
  "resumeWriting",
  "connectionLost",
  "datagramReceived",
  "pipeDataReceived",
  "pipeConnectionLost",
  "processExited",
]);

/** Calls a function where `place` is `"maker"`. It differs before and after. */
async function asMaker<T>(make: () => Promise<T>): Promise<T> {
  place.set("maker");
  const made = await make();
  place.set("later");
  return made;
}

const LIFE = ["factory", "connectionMade", "dataReceived", "eofReceived"];
const WHOLE_LIFE = [...LIFE, "connectionLost"];

/** A function that creates something with a protocol, and the methods that are called. */
interface Way {
  readonly name: string;
  readonly methods: readonly string[];
  /** Creates one in the context of the maker, and uses it until its end. */
  use(witness: Witness): Promise<void>;
}

const CLIENT_TLS = { caCerts: [AUTHORITY] };

/** Sends something and receives the reply. */
async function talk(writer: StreamWriter, hear: () => Promise<unknown>) {
  writer.write("hello");
  writer.close();
  await hear();
  await writer.waitClosed();
}

const WAYS: readonly Way[] = [
  {
    name: "createServer()",
    methods: WHOLE_LIFE,
    async use(witness) {
      const loop = getRunningLoop();
      const protocol = new Recorder();
      const server = await asMaker(() =>
        loop.createServer(() => witness.watch(protocol), "127.0.0.1", 0)
      );
      const { port } = server.sockets[0]!.addr;
      const [, writer] = await openConnection("127.0.0.1", port);
      await talk(writer, () => protocol.lost);
      server.close();
      await server.waitClosed();
    },
  },
  {
    name: "createServer() with TLS",
    methods: WHOLE_LIFE,
    async use(witness) {
      const loop = getRunningLoop();
      const protocol = new Recorder();
      const server = await asMaker(() =>
        loop.createServer(() => witness.watch(protocol), "127.0.0.1", 0, {
          tls: LOCALHOST,
        })
      );
      const { port } = server.sockets[0]!.addr;
      const [, writer] = await openConnection("localhost", port, {
        tls: CLIENT_TLS,
        family: 4,
      });
      await talk(writer, () => protocol.lost);
      server.close();
      await server.waitClosed();
    },
  },
  {
    name: "createUnixServer()",
    methods: WHOLE_LIFE,
    use: (witness) =>
      withDirectory(async (directory) => {
        const loop = getRunningLoop();
        const path = `${directory}/socket`;
        const protocol = new Recorder();
        const server = await asMaker(() =>
          loop.createUnixServer(() => witness.watch(protocol), path)
        );
        const [transport, client] = await loop.createUnixConnection(
          () => new Recorder(),
          path,
        );
        transport.write("hello");
        transport.close();
        await client.lost;
        await protocol.lost;
        server.close();
        await server.waitClosed();
      }),
  },
  {
    name: "startServer()",
    methods: ["callback"],
    async use(witness) {
      const called = new Future<void>();
      const server = await asMaker(() =>
        startServer(
          async (_, writer) => {
            witness.note("callback");
            await sleep(0);
            witness.note("callback");
            writer.close();
            called.setResult();
          },
          "127.0.0.1",
          0,
        )
      );
      const { port } = server.sockets[0]!.addr;
      const [, writer] = await openConnection("127.0.0.1", port);
      await talk(writer, () => called);
      server.close();
      await server.waitClosed();
    },
  },
  {
    name: "createConnection()",
    methods: WHOLE_LIFE,
    async use(witness) {
      const server = await startServer(
        (_, writer) => {
          writer.write("hello");
          writer.close();
        },
        "127.0.0.1",
        0,
      );
      const { port } = server.sockets[0]!.addr;
      const protocol = new Recorder();
      await asMaker(() =>
        getRunningLoop().createConnection(
          () => witness.watch(protocol),
          "127.0.0.1",
          port,
        )
      );
      await protocol.lost;
      server.close();
      await server.waitClosed();
    },
  },
  {
    name: "createConnection() with TLS",
    methods: WHOLE_LIFE,
    async use(witness) {
      const server = await startServer(
        (_, writer) => {
          writer.write("hello");
          writer.close();
        },
        "127.0.0.1",
        0,
        { tls: LOCALHOST },
      );
      const { port } = server.sockets[0]!.addr;
      const protocol = new Recorder();
      await asMaker(() =>
        getRunningLoop().createConnection(
          () => witness.watch(protocol),
          "localhost",
          port,
          { tls: CLIENT_TLS, family: 4 },
        )
      );
      await protocol.lost;
      server.close();
      await server.waitClosed();
    },
  },
  {
    name: "startTls()",
    methods: ["factory", "dataReceived", "eofReceived", "connectionLost"],
    async use(witness) {
      const loop = getRunningLoop();
      const [client, peer] = await asMaker(() => pair());
      const watched = witness.watch(new Recorder());
      // The factory is called here, and not by the loop.
      witness.seen[0] = "factory: maker";
      const [encrypted, other] = await Promise.all([
        createTask(() =>
          loop.startTls(client.transport, watched, {
            ...CLIENT_TLS,
            serverName: "localhost",
          })
        ),
        createTask(() =>
          loop.startTls(peer.transport, peer, LOCALHOST, { serverSide: true })
        ),
      ]) as [Transport, Transport];
      other.write("hello");
      other.close();
      await peer.lost;
      await watched.lost;
      encrypted.close();
    },
  },
  {
    name: "connectAcceptedSocket()",
    methods: WHOLE_LIFE,
    async use(witness) {
      const loop = getRunningLoop();
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const accepting = loop.sockAccept(listener);
      const [, writer] = await openConnection("127.0.0.1", listener.addr.port);
      const [conn] = await accepting;
      const protocol = new Recorder();
      await asMaker(() =>
        loop.connectAcceptedSocket(() => witness.watch(protocol), conn)
      );
      await talk(writer, () => protocol.lost);
    },
  },
  {
    name: "createDatagramEndpoint()",
    methods: [
      "factory",
      "connectionMade",
      "datagramReceived",
      "connectionLost",
    ],
    async use(witness) {
      const protocol = new DatagramRecorder();
      const [transport] = await asMaker(() =>
        getRunningLoop().createDatagramEndpoint(
          () => witness.watch(protocol),
          { localAddr: { hostname: "127.0.0.1", port: 0 } },
        )
      );
      const client = await sender(
        transport.getExtraInfo("sockname") as Deno.NetAddr,
      );
      client.transport.sendTo("hello");
      await protocol.has(2);
      transport.close();
      client.transport.close();
      await protocol.lost;
      await client.lost;
    },
  },
  {
    name: "connectReadPipe()",
    methods: WHOLE_LIFE,
    async use(witness) {
      const protocol = new Recorder();
      await asMaker(() =>
        getRunningLoop().connectReadPipe(
          () => witness.watch(protocol),
          ReadableStream.from([new Uint8Array(1)]),
        )
      );
      await protocol.lost;
    },
  },
  {
    name: "connectWritePipe()",
    methods: [
      "factory",
      "connectionMade",
      "pauseWriting",
      "resumeWriting",
      "connectionLost",
    ],
    async use(witness) {
      const protocol = new Recorder();
      const resumed = new Event();
      protocol.resumeWriting = () => resumed.set();
      const [transport] = await asMaker(() =>
        getRunningLoop().connectWritePipe(
          () => witness.watch(protocol),
          new WritableStream<Uint8Array>(),
        )
      );
      transport.write(new Uint8Array(100_000));
      await resumed.wait();
      transport.close();
      await protocol.lost;
    },
  },
  ...["subprocessExec()", "subprocessShell()"].map((name): Way => ({
    name,
    methods: [
      "factory",
      "connectionMade",
      "pipeDataReceived",
      "pipeConnectionLost",
      "processExited",
      "connectionLost",
    ],
    async use(witness) {
      const loop = getRunningLoop();
      const protocol = new ProcessRecorder();
      const factory = () => witness.watch(protocol);
      const [transport] = await asMaker(() =>
        name === "subprocessExec()"
          ? loop.subprocessExec(factory, "cat")
          : loop.subprocessShell(factory, "cat")
      );
      const stdin = transport.getPipeTransport(0) as Transport;
      stdin.write("hello");
      stdin.close();
      await protocol.lost;
      transport.close();
    },
  })),
];

for (const { name, methods, use } of WAYS) {
  Deno.test(`${name} calls the protocol in the context of the code that called it`, () =>
    run(async () => {
      const witness = new Witness();
      await use(witness);
      assertEquals(
        witness.seen.toSorted(),
        methods.map((method) => `${method}: maker`).toSorted(),
      );
      assertEquals(place.get(), "later");
    }));
}

Deno.test("loop.createServer() gives every connection its own context", () =>
  run(async () => {
    const variable = new ContextVar("variable", "");
    const seen: string[] = [];
    const note = (method: string) => {
      seen.push(variable.get());
      variable.set(`${variable.get()} ${method}`);
    };
    class Noting extends Recorder {
      constructor() {
        super();
        note("factory");
      }
      override connectionMade(transport: Transport): void {
        note("made");
        super.connectionMade(transport);
      }
      override dataReceived(data: Uint8Array): void {
        note("data");
        super.dataReceived(data);
      }
      override connectionLost(error: Error | null): void {
        note("lost");
        super.connectionLost(error);
      }
    }
    const protocols: Noting[] = [];
    const factory = () => {
      const protocol = new Noting();
      protocols.push(protocol);
      return protocol;
    };
    variable.set("maker");
    const loop = getRunningLoop();
    const server = await loop.createServer(factory, "127.0.0.1", 0);
    const { port } = server.sockets[0]!.addr;
    for (let i = 0; i < 2; i++) {
      const [reader, writer] = await openConnection("127.0.0.1", port);
      writer.write("hello");
      writer.writeEof();
      await reader.read();
      await protocols[i]!.lost;
      writer.close();
      await writer.waitClosed();
    }
    server.close();
    await server.waitClosed();
    const life = [
      "maker",
      "maker factory",
      "maker factory made",
      "maker factory made data",
    ];
    assertEquals(seen, [...life, ...life]);
    assertEquals(variable.get(), "maker");
  }));

Deno.test("loop.createServer() separates the context variables of connections", async () => {
  // In a separate program, where no context variable was ever set.
  const program = `
    import { ContextVar, getRunningLoop, openConnection, Protocol, run } from "asyncio";
    const variable = new ContextVar("variable", "none");
    const seen = [];
    class Setting extends Protocol {
      connectionMade(transport) {
        seen.push(variable.get());
        variable.set("of a connection");
        transport.close();
      }
    }
    await run(async () => {
      const loop = getRunningLoop();
      const server = await loop.createServer(() => new Setting(), "127.0.0.1", 0);
      const { port } = server.sockets[0].addr;
      for (let i = 0; i < 2; i++) {
        const [reader, writer] = await openConnection("127.0.0.1", port);
        await reader.read();
        writer.close();
      }
      server.close();
      await server.waitClosed();
    });
    console.log(seen.join());
  `;
  const { stdout, stderr } = await runProgram(program);
  assertEquals({ stdout, stderr }, { stdout: "none,none\n", stderr: "" });
});

Deno.test("loop.createConnection() calls the protocol with the factory's context variables", () =>
  run(async () => {
    const server = await startServer(
      (_, writer) => writer.close(),
      "127.0.0.1",
      0,
    );
    const { port } = server.sockets[0]!.addr;
    const witness = new Witness();
    const protocol = new Recorder();
    await getRunningLoop().createConnection(
      () => {
        place.set("factory");
        return witness.watch(protocol);
      },
      "127.0.0.1",
      port,
    );
    await protocol.lost;
    server.close();
    await server.waitClosed();
    assertEquals(witness.seen, [
      "factory: factory",
      "connectionMade: factory",
      "eofReceived: factory",
      "connectionLost: factory",
    ]);
  }));

Deno.test("Transport.write() and abort() call the protocol in its own context", () =>
  run(async () => {
    place.set("maker");
    const witness = new Witness();
    const protocol = witness.watch(new Recorder());
    const conn = new FakeConn();
    const [transport] = await getRunningLoop().createConnection(
      () => protocol,
      null,
      null,
      { sock: conn },
    );
    place.set("later");
    transport.write(new Uint8Array(100_000));
    transport.abort();
    await protocol.lost;
    assertEquals(witness.seen, [
      "factory: maker",
      "connectionMade: maker",
      "pauseWriting: maker",
      "connectionLost: maker",
    ]);
  }));
