// Copyright 2026 the asyncio for Deno authors. MIT license.

import { KeyboardInterrupt } from "../loop/errors.ts";
import { exit, onUnhandledRejection } from "../loop/runtime.ts";

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
    onUnhandledRejection(exitIfInterrupted);
  }
  return interrupt;
}

function exitIfInterrupted(interrupt: unknown): boolean {
  if (!(interrupt instanceof KeyboardInterrupt)) return false;
  const known = thrown.get(interrupt);
  if (known === undefined) return false;
  console.error(known.debug ? interrupt : String(interrupt));
  exit(INTERRUPTED);
}
