// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../loop/event_loop.ts";
import { assertFunction } from "../loop/core/validate.ts";
import { assertLimit, DEFAULT_LIMIT, StreamReader } from "./stream_reader.ts";
import {
  type ClientConnected,
  StreamReaderProtocol,
} from "./stream_reader_protocol.ts";

/**
 * Returns a function that creates the protocol of each connection a server accepts. Throws if an argument of
 * `caller` is wrong.
 */
export function streamProtocolFactory(
  caller: string,
  loop: EventLoop,
  clientConnected: ClientConnected,
  limit: number = DEFAULT_LIMIT,
): () => StreamReaderProtocol {
  assertFunction(`The clientConnected of ${caller}()`, clientConnected);
  assertLimit(limit);
  return () => {
    const reader = new StreamReader({ limit, loop });
    return new StreamReaderProtocol(reader, clientConnected, { loop });
  };
}
