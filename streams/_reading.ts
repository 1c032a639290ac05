// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Settlement, withResult } from "../loop/future.ts";
import type { Operation, OperationKind } from "../loop/operation.ts";

/** Takes data from the buffer, or returns `null` as long as there is not enough. */
export type Take = () => Uint8Array | null;

/** The waits for the data of one reader, of which one at a time is still to be served. */
export interface Reading {
  attempt(): Uint8Array | null;
  leave(operation: ReadOperation): void;
}

/** One of them. */
export type ReadOperation = Operation<Uint8Array, Reading>;

/** The data is taken in the reading task's step, so that one that is cancelled takes none. */
export const READ: OperationKind<Uint8Array, Reading> = {
  proceed(reading, operation): Settlement | null {
    const data = reading.attempt();
    if (data === null) return null;
    reading.leave(operation);
    return withResult(data);
  },
  onCancelled: (reading, operation) => reading.leave(operation),
  abandon: (reading, operation) => reading.leave(operation),
};
