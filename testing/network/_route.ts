// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The way from one host to another, as it is at the moment. */
export interface Route {
  /** How long, in seconds, something takes; another time each time, perhaps. */
  latency(): number;
  /** How long, in seconds, it takes to put so many bytes on the way. */
  transmission(size: number): number;
  /** Whether nothing gets through. */
  isCut(): boolean;
  /** Calls back once something gets through again. */
  whenMended(callback: () => void): void;
  /** Says what happened, to who wants to know. */
  note(what: string): void;
}
