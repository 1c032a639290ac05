// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  DatagramProtocol,
  type DatagramTransport,
  Event,
  Future,
  getRunningLoop,
} from "../../mod.ts";

/** Writes down what its transport of datagrams calls. */
export class DatagramRecorder extends DatagramProtocol {
  readonly events: string[] = [];
  readonly addrs: Deno.Addr[] = [];
  readonly lost = new Future<Error | null>();
  readonly #changed = new Event();
  transport!: DatagramTransport;

  override connectionMade(transport: DatagramTransport): void {
    this.transport = transport;
    this.#note("made");
  }

  override datagramReceived(data: Uint8Array, addr: Deno.Addr): void {
    this.addrs.push(addr);
    this.#note(`got ${new TextDecoder().decode(data)}`);
  }

  override errorReceived(error: Error): void {
    this.#note(`error ${error.message}`);
  }

  override pauseWriting(): void {
    this.#note("pause");
  }

  override resumeWriting(): void {
    this.#note("resume");
  }

  override connectionLost(error: Error | null): void {
    this.#note(`lost ${error?.message ?? null}`);
    this.lost.setResult(error);
  }

  /** Waits until there are so many events. */
  async has(count: number): Promise<void> {
    while (this.events.length < count) {
      this.#changed.clear();
      await this.#changed.wait();
    }
  }

  #note(event: string): void {
    this.events.push(event);
    this.#changed.set();
  }
}

/** An endpoint that receives at a port of its own. */
export async function receiver(
  hostname = "127.0.0.1",
): Promise<[DatagramRecorder, Deno.NetAddr]> {
  const [transport, protocol] = await getRunningLoop().createDatagramEndpoint(
    () => new DatagramRecorder(),
    { localAddr: { hostname, port: 0 } },
  );
  return [protocol, transport.getExtraInfo("sockname") as Deno.NetAddr];
}

/** An endpoint that talks with one address alone. */
export async function sender(
  remoteAddr: Deno.NetAddr,
): Promise<DatagramRecorder> {
  const [, protocol] = await getRunningLoop().createDatagramEndpoint(
    () => new DatagramRecorder(),
    { remoteAddr },
  );
  return protocol;
}
