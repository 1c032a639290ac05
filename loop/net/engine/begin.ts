// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Future } from "../../future.ts";
import type { CallbackContext } from "./callback_context.ts";

/** Starts a transport, in its turn, and waits until that is done. Cancelled, it closes the transport. */
export async function begin(
  context: CallbackContext,
  transport: { start(): void; close(): void },
): Promise<void> {
  const made = new Future<void>({ loop: context.scheduler.loop });
  context.enqueue(() => {
    transport.start();
    if (!made.done()) made.setResult();
  });
  try {
    await made;
  } catch (error) {
    transport.close();
    throw error;
  }
}
