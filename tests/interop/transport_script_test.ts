// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  Future,
  getRunningLoop,
  Protocol,
  startServer,
  type StreamReader,
  type StreamWriter,
  type Transport,
} from "../../mod.ts";
import { turns } from "../doubles/recorder.ts";
import {
  assertPlaysAsPython,
  type Hooks,
  kindOf,
  Player,
} from "../doubles/scenario.ts";
import { findPython } from "../peers/python.ts";

/** What happens to a connection, and what its protocol does in its callbacks. */
interface Scenario {
  /** The data that the peer sends before the end of its stream; it sends neither if this is null. */
  readonly greeting: string | null;
  readonly hooks: Hooks;
  /** The operations after the connection is made. */
  readonly steps: readonly string[];
}

const silent = (steps: string[], hooks = {}): Scenario => ({
  greeting: null,
  hooks,
  steps,
});
const greeted = (hooks: Hooks, steps: string[] = []): Scenario => ({
  greeting: "hello",
  hooks,
  steps,
});

const SCENARIOS: readonly Scenario[] = [
  silent(["close", "write", "write eof", "close", "is closing"]),
  silent(["abort", "is closing", "abort", "close", "write", "is empty"]),
  silent(["write eof", "write eof", "write", "write nothing", "writelines"]),
  silent(["write None", "close", "can write eof", "is reading"]),
  silent(["pause", "pause", "close", "is reading", "pause", "resume"]),
  silent(["write much", "is empty", "abort", "is empty"]),
  silent(["write much", "close", "write", "is closing"]),
  silent(["write much", "write eof", "write", "close"]),
  silent(["write much", "close"], { "pause writing": ["throw"] }),
  silent(["write much", "close"], { "resume writing": ["throw"] }),
  silent(["write much"], { "pause writing": ["close", "write"] }),
  silent(["write much"], { "pause writing": ["abort", "is empty"] }),
  silent(["limits[1000]", "limits[null,100]", "limits[0]", "close"]),
  silent(["limits[10,10]", "limits[10,11]", "limits[-1]", "close"]),
  silent(["limits[null,-1]", "limits[10,0]", "limits[3]", "limits[]", "close"]),
  silent(["limits[20000000]", "write much", "limits[10]", "close"]),
  silent([], { made: ["abort", "is closing"] }),
  silent([], { made: ["close", "write"] }),
  silent(["close"], { lost: ["throw"] }),
  silent(["close"], { lost: ["write", "close", "pause", "resume"] }),
  greeted({}),
  greeted({ made: ["throw"] }),
  greeted({ made: ["pause"] }, ["turns", "is reading", "resume", "resume"]),
  greeted({ data: ["throw"] }),
  greeted({ data: ["abort"] }),
  greeted({ data: ["close", "is reading"] }),
  greeted({ data: ["pause", "resume"] }),
  greeted({ data: ["pause", "close"] }),
  greeted({ data: ["write eof"], eof: ["keep open", "close"] }),
  greeted({ eof: ["throw"] }),
  greeted({ eof: ["write"] }),
  greeted({ eof: ["write much"] }),
  greeted({ eof: ["abort", "keep open"] }),
  greeted({ eof: ["keep open", "is closing", "is reading", "close"] }),
];

const BIG = new Uint8Array(8_000_000);

class Scripted extends Protocol {
  readonly lost = new Future<void>();
  readonly player: Player;
  readonly #hooks: Hooks;
  #transport!: Transport;

  constructor(hooks: Hooks) {
    super();
    this.#hooks = hooks;
    this.player = new Player(hooks, (action) => this.#perform(action));
  }

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
    this.#happened("made");
  }

  override dataReceived(): void {
    this.#happened("data");
  }

  override eofReceived(): boolean {
    this.#happened("eof");
    return this.#hooks.eof?.includes("keep open") ?? false;
  }

  override pauseWriting(): void {
    this.#happened("pause writing");
  }

  override resumeWriting(): void {
    this.#happened("resume writing");
  }

  override connectionLost(error: Error | null): void {
    if (!this.lost.done()) this.lost.setResult();
    this.#happened(error === null ? "lost" : `lost: ${kindOf(error)}`);
  }

  #happened(event: string): void {
    this.player.events.push(event);
    this.player.react(event);
  }

  #perform(action: string): unknown {
    const transport = this.#transport;
    if (action.startsWith("limits")) {
      const [high, low] = JSON.parse(action.slice("limits".length));
      transport.setWriteBufferLimits(high, low);
      return transport.getWriteBufferLimits();
    }
    switch (action) {
      case "write":
        return transport.write("x");
      case "write nothing":
        return transport.write("");
      case "write much":
        return transport.write(BIG);
      case "write None":
        // @ts-expect-error -- what callers from JavaScript may do
        return transport.write(null);
      case "writelines":
        return transport.writeLines(["x", "y"]);
      case "write eof":
        return transport.writeEof();
      case "close":
        return transport.close();
      case "abort":
        return transport.abort();
      case "pause":
        return transport.pauseReading();
      case "resume":
        return transport.resumeReading();
      case "is closing":
        return transport.isClosing();
      case "is reading":
        return transport.isReading();
      case "can write eof":
        return transport.canWriteEof();
      case "is empty":
        return transport.getWriteBufferSize() === 0;
      case "keep open":
        return;
    }
    throw new Error(`Expected an action: received ${action}`);
  }
}

async function play({ greeting, hooks, steps }: Scenario): Promise<string[]> {
  const serve = async (reader: StreamReader, writer: StreamWriter) => {
    if (greeting !== null) {
      writer.write(greeting);
      writer.writeEof();
    }
    await reader.read().catch(() => {});
    writer.close();
  };
  await using server = await startServer(serve, "127.0.0.1", 0);
  const { hostname, port } = server.sockets[0]!.addr as Deno.NetAddr;
  const [, { player, lost }] = await getRunningLoop().createConnection(
    () => new Scripted(hooks),
    hostname,
    port,
  );
  for (const step of steps) {
    if (step === "turns") await turns();
    else player.act(step);
  }
  await lost;
  server.close();
  await server.waitClosed();
  return player.events;
}

// `waitClosed()` waits for the connections since then.
const OLDEST = "3.12.1";

const python = await findPython();
const isNewEnough = python !== null &&
  python.version.localeCompare(OLDEST, "en", { numeric: true }) >= 0;

Deno.test({
  name: `Transports do what asyncio's do (needs Python ${OLDEST} or newer)`,
  ignore: !isNewEnough,
  fn: () =>
    assertPlaysAsPython(
      python!,
      new URL("transport_script.py", import.meta.url),
      SCENARIOS,
      play,
    ),
});
