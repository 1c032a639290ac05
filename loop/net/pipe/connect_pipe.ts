// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../event_loop.ts";
import { schedulerOf } from "../../core/scheduler.ts";
import { isInstance } from "../../core/unknown_value.ts";
import { hasMethods, wrongType } from "../../core/validate.ts";
import type { BaseProtocol } from "../protocols.ts";
import { assertFactory, makeProtocol } from "../stream/assertions.ts";
import { CallbackContext, startTransport } from "../stream/callbacks.ts";
import type { StreamProtocol } from "../stream/types.ts";
import type { ReadablePipe, WritablePipe } from "../options.ts";
import type { ReadTransport, Transport } from "../transports.ts";
import { readPipeTransport, WritePipeTransport } from "./pipe_transports.ts";

/** Implements `loop.connectReadPipe()`. */
export async function connectReadPipe<P extends StreamProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  pipe: ReadablePipe,
): Promise<[ReadTransport, P]> {
  assertFactory("connectReadPipe", protocolFactory);
  assertReadable(pipe);
  const protocol = makeProtocol(protocolFactory);
  const context = new CallbackContext(schedulerOf(loop));
  const transport = readPipeTransport(pipe, protocol, context);
  await startTransport(context, transport);
  return [transport, protocol];
}

/** Implements `loop.connectWritePipe()`. */
export async function connectWritePipe<P extends BaseProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  pipe: WritablePipe,
): Promise<[Transport, P]> {
  assertFactory("connectWritePipe", protocolFactory);
  assertWritable(pipe);
  const protocol = makeProtocol(protocolFactory);
  const context = new CallbackContext(schedulerOf(loop));
  const transport = new WritePipeTransport(pipe, protocol, context);
  await startTransport(context, transport);
  return [transport, protocol];
}

/** Throws unless the pipe can be read. */
function assertReadable(pipe: unknown): void {
  if (isInstance(pipe, ReadableStream)) assertUnlocked(pipe);
  else if (!hasMethods(pipe, "read", "close")) {
    throw wrongType(
      "The pipe",
      "a Deno.FsFile, Deno.stdin or a ReadableStream",
      pipe,
    );
  }
}

/** Throws unless the pipe can be written. */
function assertWritable(pipe: unknown): void {
  if (isInstance(pipe, WritableStream)) assertUnlocked(pipe);
  else if (!hasMethods(pipe, "write", "close")) {
    throw wrongType(
      "The pipe",
      "a Deno.FsFile, Deno.stdout or a WritableStream",
      pipe,
    );
  }
}

function assertUnlocked(stream: { readonly locked: boolean }): void {
  if (!stream.locked) return;
  throw new TypeError(
    "The pipe must be an unlocked stream: received a locked one",
  );
}
