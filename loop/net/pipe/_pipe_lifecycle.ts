// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { Resource } from "../../core/scheduler.ts";
import type { BaseProtocol } from "../base_protocol.ts";
import type { BaseTransport } from "../base_transport.ts";
import type { CallbackContext } from "../stream/callbacks.ts";
import { reasonOf } from "../stream/failures.ts";
import type { TransportOwner } from "../stream/types.ts";

/** The teardown of a pipe transport. */
interface PipeTeardown {
  /** Stops using the pipe, which is about to be released. */
  stop(): void;
  /** Releases the pipe, with the error that ended it, if any. */
  release(error: unknown): void;
}

/** The lifecycle of a pipe transport in either direction, from `connectionMade()` to `connectionLost()`. */
export class PipeLifecycle<P extends BaseProtocol>
  implements TransportOwner<P>, Resource {
  protocol: P;
  /** Whether the transport is closed or closing. */
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

  /** Calls `connectionMade()`. Called once, in a step and in the callback context. */
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
    this.#context.scheduler.report({
      message,
      exception,
      transport: this.#transport,
      protocol: this.protocol,
    });
  }

  /** Calls `connectionLost()` from the ready queue and releases the pipe. */
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
