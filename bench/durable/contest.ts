// Copyright 2026 the asyncio for Deno authors. MIT license.

/** A queue that can be measured: a job is an object with a number, and doing it is nothing. */
export interface Contestant {
  readonly name: string;
  /** The server it runs on; contestants on the same server are compared. */
  readonly server: string;
  /** Puts jobs one after the other. */
  putEach(count: number): Promise<void>;
  /** Puts jobs by 100 tasks at a time, or whatever comes nearest. */
  putConcurrently(count: number): Promise<void>;
  /** Puts jobs in bulk. */
  putMany(count: number): Promise<void>;
  /** Does the jobs that are there, by a number of workers in one process. */
  work(count: number, concurrency: number): Promise<void>;
  /** Ends with it. */
  close(): Promise<void>;
}
