// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { Protocol, type Transport } from "../../mod.ts";

/** Sees that its transport calls it as asyncio's pages promise: in which order, and how often. */
export class StrictProtocol extends Protocol {
  #state: "new" | "open" | "half-open" | "lost" = "new";
  #isPaused = false;
  #transport: Transport | null = null;
  readonly #onMade: (protocol: StrictProtocol) => void;
  received = 0;
  error: Error | null = null;

  constructor(onMade: (protocol: StrictProtocol) => void = () => {}) {
    super();
    this.#onMade = onMade;
  }

  get isLost(): boolean {
    return this.#state === "lost";
  }

  get transport(): Transport {
    return this.#transport!;
  }

  override connectionMade(transport: Transport): void {
    assertEquals(this.#state, "new");
    this.#state = "open";
    this.#transport = transport;
    this.#onMade(this);
  }

  override dataReceived(data: Uint8Array): void {
    assertEquals(this.#state, "open");
    assert(this.transport.isReading(), "data while reading is paused or over");
    assert(data.length > 0);
    this.received += data.length;
  }

  override eofReceived(): boolean {
    assertEquals(this.#state, "open");
    assert(
      this.transport.isReading(),
      "an end while reading is paused or over",
    );
    this.#state = "half-open";
    return this.received % 2 === 0;
  }

  override connectionLost(error: Error | null): void {
    assert(this.#state === "open" || this.#state === "half-open");
    assert(this.transport.isClosing());
    this.#state = "lost";
    this.error = error;
  }

  override pauseWriting(): void {
    assert(!this.isLost && !this.#isPaused);
    const [, high] = this.transport.getWriteBufferLimits();
    assert(this.transport.getWriteBufferSize() > high);
    this.#isPaused = true;
  }

  override resumeWriting(): void {
    assert(!this.isLost && this.#isPaused);
    const [low] = this.transport.getWriteBufferLimits();
    assert(this.transport.getWriteBufferSize() <= low);
    this.#isPaused = false;
  }
}
