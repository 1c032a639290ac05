// Copyright 2026 the asyncio for Deno authors. MIT license.

/** The options of `loop.sendFile()` and `loop.sockSendFile()`. */
export interface SendFileOptions {
  /** Where in the file to begin, in bytes; at its start by default. */
  offset?: number | undefined;
  /** How many bytes to send at most; all to the end of the file by default. */
  count?: number | null | undefined;
  /**
   * Whether the program reads the file and sends it if the system cannot do so by itself, as by default.
   * Under Deno no system can.
   */
  fallback?: boolean | undefined;
}
