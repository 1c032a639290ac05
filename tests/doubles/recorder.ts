// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  Event,
  Future,
  getRunningLoop,
  Protocol,
  sleep,
  type Transport,
} from "../../mod.ts";
import { FakeConn } from "./conn.ts";

/** Writes down what its transport calls. */
export class Recorder extends Protocol {
  readonly events: string[] = [];
  readonly lost = new Future<Error | null>();
  readonly eof = new Event();
  readonly got = new Event();
  transport!: Transport;
  keepOpen = false;
  losses = 0;

  override connectionMade(transport: Transport): void {
    this.transport = transport;
    this.events.push("made");
  }

  override dataReceived(data: Uint8Array): void {
    this.events.push(new TextDecoder().decode(data));
    this.got.set();
  }

  override eofReceived(): boolean {
    this.events.push("eof");
    this.eof.set();
    return this.keepOpen;
  }

  override pauseWriting(): void {
    this.events.push("pause");
  }

  override resumeWriting(): void {
    this.events.push("resume");
  }

  override connectionLost(error: Error | null): void {
    this.losses++;
    this.events.push(`lost ${error?.message ?? null}`);
    if (!this.lost.done()) this.lost.setResult(error);
  }
}

/** A transport over a connection whose other end is the test. */
export async function fake(): Promise<[FakeConn, Transport, Recorder]> {
  const conn = new FakeConn();
  const [transport, protocol] = await getRunningLoop().createConnection(
    () => new Recorder(),
    null,
    null,
    { sock: conn },
  );
  await turns();
  return [conn, transport, protocol];
}

/** Two transports that are connected by TCP. */
export async function pair(): Promise<[Recorder, Recorder]> {
  const loop = getRunningLoop();
  const accepted = new Future<Recorder>();
  class Accepted extends Recorder {
    override connectionMade(transport: Transport): void {
      super.connectionMade(transport);
      accepted.setResult(this);
    }
  }
  const server = await loop.createServer(() => new Accepted(), "127.0.0.1", 0);
  const { port } = server.sockets[0]!.addr;
  const [, client] = await loop.createConnection(
    () => new Recorder(),
    "127.0.0.1",
    port,
  );
  const peer = await accepted;
  server.close();
  return [client, peer];
}

/** Lets promises and the ready queue run dry, as long as no I/O is awaited. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await sleep(0);
}

export async function closeBoth(one: Recorder, other: Recorder): Promise<void> {
  one.transport.close();
  other.transport.close();
  await one.lost;
  await other.lost;
}
