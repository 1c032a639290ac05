// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Resource } from "../../core/scheduler.ts";
import type { BaseProtocol } from "../base_protocol.ts";
import type { BaseTransport } from "../base_transport.ts";
import type { CallbackContext } from "../stream/callbacks.ts";
import { reasonOf } from "../stream/failures.ts";
import type { TransportOwner } from "../stream/types.ts";

/** What a transport over a pipe does to end. */
interface PipeTeardown {
  /** Does nothing more with the pipe: its end is near. */
  stop(): void;
  /** Lets go of the pipe; says why, if it is not in order. */
  release(error: unknown): void;
}

/** The life of a transport over a pipe, in either direction: the protocol's begins and ends with it. */
export class PipeLifecycle<P extends BaseProtocol>
  implements TransportOwner<P>, Resource {
  protocol: P;
  /** The transport is closed or about to be. */
  isClosing = false;
  readonly #context: CallbackContext;
  readonly #transport: BaseTransport;
  readonly #teardown: PipeTeardown;
  /** Whether `connectionLost()` has been called, or never will be. */
  #isEnded = false;

  constructor(
    protocol: P,
    context: CallbackContext,
    transport: BaseTransport,
    ending: PipeTeardown,
  ) {
    this.protocol = protocol;
    this.#context = context;
    this.#transport = transport;
    this.#teardown = ending;
    context.scheduler.resources.add(this);
  }

  /** Called once, in an entry and in the async context of callbacks. */
  begin(): void {
    try {
      this.protocol.connectionMade(this.#transport);
    } catch (error) {
      this.report("protocol.connectionMade() failed", error);
    }
  }

  fail(error: unknown): void {
    if (this.#isEnded) return;
    this.isClosing = true;
    this.#teardown.stop();
    this.endSoon(error);
  }

  failFromProtocol(method: string, error: unknown): void {
    this.report(`Fatal error: protocol.${method}() call failed`, error);
    this.fail(error);
  }

  report(message: string, exception: unknown): void {
    this.#context.scheduler.reportThrown({
      message,
      exception,
      transport: this.#transport,
      protocol: this.protocol,
    });
  }

  /** Calls `connectionLost()`, in its turn, and lets go of the pipe. */
  endSoon(error: unknown): void {
    this.#context.enqueue(() => this.#end(error));
  }

  #end(error: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    try {
      this.protocol.connectionLost(reasonOf(error));
    } catch (exception) {
      this.report("protocol.connectionLost() failed", exception);
    } finally {
      this.#context.scheduler.resources.delete(this);
      this.#teardown.release(error);
    }
  }

  /** Releases the resources as the loop is closed. The protocol is no longer called. */
  abandon(): void {
    this.#isEnded = true;
    this.isClosing = true;
    this.#teardown.stop();
    this.#teardown.release(null);
  }
}
