// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../event_loop.ts";
import { schedulerOf } from "../../scheduler.ts";
import type { BaseProtocol } from "../base_protocol.ts";
import { CallbackContext } from "../engine/callback_context.ts";
import { begin } from "../engine/begin.ts";
import { assertReadable, assertWritable } from "./_assert_pipe.ts";
import type { ReadablePipe, WritablePipe } from "../pipe.ts";
import { readPipeTransport } from "./read_pipe_transport.ts";
import type { ReadTransport } from "../read_transport.ts";
import { assertFactory } from "../engine/assert_factory.ts";
import type { Transport } from "../transport.ts";
import type { StreamProtocol } from "../engine/whole.ts";
import { WritePipeTransport } from "./write_pipe_transport.ts";

/** What `loop.connectReadPipe()` does. */
export async function connectReadPipe<P extends StreamProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  pipe: ReadablePipe,
): Promise<[ReadTransport, P]> {
  assertFactory("connectReadPipe", protocolFactory);
  assertReadable(pipe);
  const context = new CallbackContext(schedulerOf(loop));
  const protocol = protocolFactory();
  const transport = readPipeTransport(pipe, protocol, context);
  await begin(context, transport);
  return [transport, protocol];
}

/** What `loop.connectWritePipe()` does. */
export async function connectWritePipe<P extends BaseProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  pipe: WritablePipe,
): Promise<[Transport, P]> {
  assertFactory("connectWritePipe", protocolFactory);
  assertWritable(pipe);
  const context = new CallbackContext(schedulerOf(loop));
  const protocol = protocolFactory();
  const transport = new WritePipeTransport(pipe, protocol, context);
  await begin(context, transport);
  return [transport, protocol];
}
