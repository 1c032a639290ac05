// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { CallbackContext } from "./_callback_context.ts";
import { setNoDelay } from "./_tcp.ts";
import type { Resource } from "../scheduler.ts";
import { Turn } from "./_turn.ts";

/** How long, in seconds, nothing is accepted after accepting failed, so that the cause may pass. */
const RETRY_DELAY = 1;

/** Accepts the connections of one listener. */
export class Acceptor implements Resource {
  readonly listener: Deno.Listener;
  readonly #context: CallbackContext;
  #isClosed = false;
  #accepting: Promise<void> = Promise.resolve();
  #endPause: (() => void) | null = null;

  constructor(listener: Deno.Listener, context: CallbackContext) {
    this.listener = listener;
    this.#context = context;
    context.scheduler.resources.add(this);
  }

  /** Calls `welcome` for each connection, in an entry and in the async context of callbacks. */
  start(welcome: (conn: Deno.Conn) => void): void {
    this.#accepting = this.#context.run(() => this.#accept(welcome));
  }

  /** Stops for good; `released` is called when the port is free again. */
  close(released: () => void): void {
    this.#context.scheduler.resources.delete(this);
    this.abandon();
    // Deno lets go of the listener when the pending accept has ended.
    this.#context.run(() =>
      this.#accepting.then(() => this.#context.enqueue(released))
    );
  }

  /** Lets go of the listener. */
  abandon(): void {
    this.#isClosed = true;
    this.#endPause?.();
    closeListener(this.listener);
  }

  async #accept(welcome: (conn: Deno.Conn) => void): Promise<void> {
    const { scheduler } = this.#context;
    const turn = new Turn(scheduler);
    while (!this.#isClosed) {
      let conn;
      try {
        conn = await this.listener.accept();
      } catch (error) {
        if (this.#isClosed) return;
        await turn;
        this.#report(error);
        const pause = this.#pause();
        scheduler.proceed();
        await pause;
        continue;
      }
      if (this.#isClosed) {
        conn.close();
        return;
      }
      setNoDelay(conn);
      await turn;
      if (this.#isClosed) conn.close();
      else welcome(conn);
      scheduler.proceed();
    }
  }

  #report(exception: unknown): void {
    this.#context.scheduler.loop.callExceptionHandler({
      message: `Cannot accept a connection; trying again in ${RETRY_DELAY} s`,
      exception,
    });
  }

  #pause(): Promise<void> {
    const { scheduler } = this.#context;
    return new Promise((resolve) => {
      const handle = scheduler.loop.callLater(RETRY_DELAY, resolve);
      this.#endPause = () => {
        handle.cancel();
        resolve();
      };
    });
  }
}

function closeListener(listener: Deno.Listener): void {
  try {
    listener.close();
  } catch (error) {
    // Whoever took it from `server.sockets` may have closed it.
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
