// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Outcome } from "../../core/outcome.ts";
import { RingBuffer } from "../../core/ring_buffer.ts";
import type { Resource } from "../../core/scheduler.ts";
import type { BaseProtocol } from "../base_protocol.ts";
import type { DatagramProtocol } from "../datagram_protocol.ts";
import { DatagramTransport } from "../datagram_transport.ts";
import { setWriteBuffer, WriteBuffer } from "../write_buffer.ts";
import { assertBytes, assertProtocol } from "../stream/assertions.ts";
import { type CallbackContext, Turn } from "../stream/callbacks.ts";
import { asError } from "../../core/unknown_value.ts";
import { reasonOf } from "../stream/failures.ts";
import { claim } from "../stream/sockets.ts";
import type { HostAddress } from "../options.ts";
import { datagramAddressOf, isSameAddress } from "./datagram_address.ts";
import {
  type Datagram,
  type DatagramLink,
  isClosedError,
} from "./datagram_link.ts";
import { warn } from "../../core/warnings.ts";

/** The size of a header, which counts towards the buffer. */
const HEADER_SIZE = 8;

/** The number of sends after the end that are discarded without a warning. */
const MAX_SILENT_SENDS = 5;

const encoder = new TextEncoder();

/** A transport over a datagram socket. */
export class DatagramEndpoint extends DatagramTransport implements Resource {
  readonly #link: DatagramLink;
  /** The default address. If it is not `null`, it is the only valid one. */
  readonly #target: Deno.Addr | null;
  readonly #context: CallbackContext;
  #protocol: DatagramProtocol;

  /** Closing: receiving has stopped and sends are discarded. */
  #isClosing = false;
  /** Whether `connectionLost()` has been called. */
  #isEnded = false;

  readonly #queue = new RingBuffer<[data: Uint8Array, addr: Deno.Addr]>();
  /** The size of the queue in bytes, including headers. */
  readonly #queued = { size: 0 };
  readonly #buffer: WriteBuffer;
  #isSending = false;
  #sendsAfterEnd = 0;

  /** Requires the callback context. Call `start()` next. */
  constructor(
    link: DatagramLink,
    target: Deno.Addr | null,
    protocol: DatagramProtocol,
    context: CallbackContext,
  ) {
    const { socket, localAddr: sockname, remoteAddr: peername } = link;
    super({ socket, sockname, peername });
    this.#link = link;
    this.#target = target;
    this.#protocol = protocol;
    this.#context = context;
    // The caller may be a task, but protocol callbacks run outside any task.
    this.#buffer = new WriteBuffer(
      this.#queued,
      (method) => context.run(() => this.#call(method)),
    );
    setWriteBuffer(this, this.#buffer);
    claim(socket, this);
    context.scheduler.resources.add(this);
  }

  /** Calls `connectionMade()`. Called once, in a step and in the callback context. */
  start(): void {
    if (!this.#isEnded) this.#call("connectionMade", this);
    void this.#receive();
  }

  override setProtocol(protocol: BaseProtocol): void {
    assertProtocol("The protocol of setProtocol()", protocol);
    this.#protocol = protocol as DatagramProtocol;
  }

  override getProtocol(): BaseProtocol {
    return this.#protocol;
  }

  override isClosing(): boolean {
    return this.#isClosing;
  }

  override close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    if (this.#queue.size === 0) this.#endSoon(null);
  }

  override abort(): void {
    this.#forceEnd(null);
  }

  // Receiving.

  /** Stays in the callback context throughout. */
  async #receive(): Promise<void> {
    const { scheduler } = this.#context;
    const turn = new Turn(scheduler);
    while (!this.#isClosing) {
      let incoming: Outcome<Datagram>;
      try {
        incoming = { value: await this.#link.receive() };
      } catch (error) {
        incoming = { error };
      }
      if (this.#isClosing) return;
      await turn;
      if (!this.#isClosing) this.#deliver(incoming);
      scheduler.proceed();
    }
  }

  #deliver(incoming: Outcome<Datagram>): void {
    if ("error" in incoming) this.#onError(incoming.error);
    else this.#call("datagramReceived", ...incoming.value);
  }

  // Sending.

  override sendTo(
    data: Uint8Array | string,
    addr: HostAddress | Deno.UnixAddr | null = null,
  ): void {
    assertBytes("sendTo", data);
    const target = this.#targetOf(addr);
    if (this.#isClosing) {
      this.#warnOfSendAfterEnd();
      return;
    }
    const bytes = typeof data === "string"
      ? encoder.encode(data)
      : new Uint8Array(data);
    this.#queue.push([bytes, target]);
    this.#queued.size += bytes.length + HEADER_SIZE;
    if (!this.#isSending) this.#context.run(() => void this.#send());
    this.#buffer.pauseIfFull();
  }

  #targetOf(addr: HostAddress | Deno.UnixAddr | null): Deno.Addr {
    const target = this.#target;
    if (addr === null) {
      if (target !== null) return target;
      throw new TypeError(
        "The addr of sendTo() must be an address, as the endpoint has no remote address: received none",
      );
    }
    const { transport } = this.#link.localAddr;
    const named = datagramAddressOf("addr", addr, transport);
    if (target === null || isSameAddress(named, target)) return target ?? named;
    throw new RangeError(
      `The addr must be omitted or be the endpoint's remote address: received ${
        JSON.stringify(addr)
      }`,
    );
  }

  /** Sends the queue. Stays in the callback context throughout. */
  async #send(): Promise<void> {
    const { scheduler } = this.#context;
    const turn = new Turn(scheduler);
    this.#isSending = true;
    while (this.#queue.size > 0) {
      const [data, addr] = this.#queue.first!;
      let failure: { readonly error: unknown } | null = null;
      try {
        await this.#link.send(data, addr);
      } catch (error) {
        failure = { error };
      }
      if (this.#queue.size === 0) return; // Aborted.
      this.#queue.take();
      this.#queued.size -= data.length + HEADER_SIZE;
      if (failure === null && !this.#buffer.isPaused && !this.#isClosing) {
        continue;
      }
      await turn;
      if (!this.#isEnded) this.#afterSend(failure);
      scheduler.proceed();
    }
    this.#isSending = false;
  }

  #afterSend(failure: { readonly error: unknown } | null): void {
    if (failure !== null) this.#onError(failure.error);
    this.#buffer.resumeIfDrained();
    // The protocol may have sent more.
    if (this.#isClosing && this.#queue.size === 0) this.#endSoon(null);
  }

  #warnOfSendAfterEnd(): void {
    if (this.#sendsAfterEnd++ < MAX_SILENT_SENDS) return;
    warn("Nothing was sent: the endpoint is closed or closing");
  }

  // The end.

  #onError(error: unknown): void {
    if (isClosedError(error)) this.#forceEnd(error);
    else this.#call("errorReceived", asError(error));
  }

  /** Calls the protocol. As in asyncio, an error in a datagram protocol does not close the transport. */
  #call<M extends ProtocolMethod>(
    method: M,
    ...args: Parameters<DatagramProtocol[M]>
  ): void {
    try {
      Reflect.apply(this.#protocol[method], this.#protocol, args);
    } catch (exception) {
      this.#context.scheduler.report({
        message: `protocol.${method}() failed`,
        exception,
        transport: this,
        protocol: this.#protocol,
      });
    }
  }

  /** Ends without sending the queue. */
  #forceEnd(error: unknown): void {
    if (this.#isEnded) return;
    this.#isClosing = true;
    this.#queue.clear();
    this.#queued.size = 0;
    this.#buffer.cancelPause();
    this.#endSoon(error);
  }

  #endSoon(error: unknown): void {
    this.#context.enqueue(() => this.#end(error));
  }

  #end(error: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#call("connectionLost", reasonOf(error));
    this.#context.scheduler.resources.delete(this);
    this.#link.close();
  }

  /** Releases the resources as the loop is closed. The protocol is no longer called. */
  abandon(): void {
    this.#isEnded = true;
    this.#isClosing = true;
    this.#queue.clear();
    this.#link.close();
  }
}

type ProtocolMethod =
  | "connectionMade"
  | "connectionLost"
  | "datagramReceived"
  | "errorReceived"
  | "pauseWriting"
  | "resumeWriting";
