// Copyright 2026 the asyncio for Deno authors. MIT license.

import { KeyboardInterrupt } from "../loop/errors.ts";

/** How a process ends that a SIGINT ended. */
export const INTERRUPTED = 130;

/** The interrupts that were thrown, and whether it is of interest where. */
const thrown = new WeakMap<KeyboardInterrupt, { debug: boolean }>();
let isListening = false;

/**
 * Makes the error for a SIGINT. A program that does not catch it ends as interrupted, not as one that
 * failed.
 */
export function makeKeyboardInterrupt(
  options: ErrorOptions,
  debug: boolean,
): KeyboardInterrupt {
  const interrupt = new KeyboardInterrupt("Interrupted by SIGINT", options);
  thrown.set(interrupt, { debug });
  if (!isListening) {
    isListening = true;
    globalThis.addEventListener("unhandledrejection", exitIfInterrupted);
  }
  return interrupt;
}

function exitIfInterrupted(event: PromiseRejectionEvent): void {
  const interrupt: unknown = event.reason;
  if (event.defaultPrevented || !(interrupt instanceof KeyboardInterrupt)) {
    return;
  }
  const known = thrown.get(interrupt);
  if (known === undefined) return;
  event.preventDefault();
  console.error(known.debug ? interrupt : String(interrupt));
  Deno.exit(INTERRUPTED);
}
