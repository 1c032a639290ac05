// Copyright 2026 the asyncio for Deno authors. MIT license.

import { pulse, takeSnapshot } from "./snapshot.ts";
import { formatTree } from "./tree.ts";

let isDumping = false;

/** Prints the tree of tasks of all loops to standard error. Never rejects. */
export async function dump(): Promise<void> {
  if (isDumping) return;
  isDumping = true;
  try {
    const snapshot = await takeSnapshot();
    const time = new Date(snapshot.at).toISOString();
    const count = snapshot.tasks.length;
    console.error(
      `Tasks at ${time}: ${count}\n\n${formatTree(snapshot)}\n`,
    );
  } catch (error) {
    console.error("The tree of tasks cannot be printed:", error);
  } finally {
    isDumping = false;
  }
}

/** Begins to record the ages of tasks and awaits; returns a function that ends it. */
export function recordAges(): () => void {
  return pulse.start();
}
