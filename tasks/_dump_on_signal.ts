// Copyright 2026 the asyncio for Deno authors. MIT license.

import { runAt } from "../loop/core/async_context.ts";
import {
  addSignalListener,
  OS,
  readableEnv,
  removeSignalListener,
} from "../loop/core/runtime.ts";
import { wrongType } from "../loop/core/validate.ts";
import { isWorker } from "../loop/signals.ts";

/** Throws unless `signal` is the name of one, or is left out. */
export function assertDumpOn(signal: unknown): void {
  if (signal === undefined) return;
  if (typeof signal === "string" && /^SIG[A-Z0-9]+$/.test(signal)) return;
  throw wrongType(
    "The dumpOn option",
    'the name of a signal, such as "SIGQUIT"',
    signal,
  );
}

/**
 * Prints the tree of tasks at each signal, that of the option or the one that ASYNCIO_DUMP in the environment asks for.
 * Returns a function that ends it.
 */
export function dumpOnSignal(option: Deno.Signal | undefined): () => void {
  const signal = option ?? signalOfEnvironment();
  if (signal === null || isWorker()) return () => {};
  let dump: (() => Promise<void>) | null = null;
  let stopAges: (() => void) | null = null;
  let isOver = false;
  const onSignal = () => void dump?.();
  try {
    runAt(undefined, () => addSignalListener(signal, onSignal), undefined);
  } catch (error) {
    if (option !== undefined) throw error;
    return () => {};
  }
  // Now: when the program hangs, there may be no free file descriptor to load it.
  import("../loop/core/introspection/dump.ts").then((loaded) => {
    if (isOver) return;
    dump = loaded.dump;
    stopAges = loaded.recordAges();
  });
  return () => {
    isOver = true;
    removeSignalListener(signal, onSignal);
    stopAges?.();
  };
}

function signalOfEnvironment(): Deno.Signal | null {
  const value = readableEnv("ASYNCIO_DUMP") ?? "";
  if (value === "" || value === "0") return null;
  if (value.startsWith("SIG")) return value as Deno.Signal;
  return OS === "windows" ? "SIGBREAK" : "SIGQUIT";
}
