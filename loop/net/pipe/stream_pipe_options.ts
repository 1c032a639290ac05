// Copyright 2026 the asyncio for Deno authors. MIT license.

/** How a web stream is used as a pipe. */
export interface StreamPipeOptions {
  /**
   * Whether it is Deno's, and for the transport alone: it keeps nothing of what it is given, and stays locked,
   * as letting go makes errors that nobody sees, which take longer than all else for a pipe that says little.
   */
  readonly isOwn?: boolean;
}
