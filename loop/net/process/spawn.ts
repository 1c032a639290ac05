// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../event_loop.ts";
import { assertDeno } from "../../runtime.ts";
import { schedulerOf } from "../../scheduler.ts";
import { assertFactory } from "../engine/assert_factory.ts";
import { begin } from "../engine/begin.ts";
import { CallbackContext } from "../engine/callback_context.ts";
import type { SubprocessProtocol } from "../subprocess_protocol.ts";
import type { SubprocessTransport } from "../subprocess_transport.ts";
import { assertOptions } from "./_assert_options.ts";
import { commandOf, programOf } from "./_command.ts";
import { launch, launchProgram } from "./_launch.ts";
import { ProcessTransport } from "./_process_transport.ts";
import { PIPE, STDOUT } from "./stdio.ts";
import type { SubprocessOptions } from "./subprocess_options.ts";

/** What `loop.subprocessExec()` does. */
export async function subprocessExec<P extends SubprocessProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  program: string | URL,
  args: readonly string[],
  options: SubprocessOptions,
): Promise<[SubprocessTransport, P]> {
  assertDeno("subprocessExec");
  assertFactory("subprocessExec", protocolFactory);
  const command = programOf(program, args);
  return await start(
    loop,
    protocolFactory,
    options,
    (settings) => launchProgram(command, settings),
  );
}

/** What `loop.subprocessShell()` does. */
export async function subprocessShell<P extends SubprocessProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  command: string,
  options: SubprocessOptions,
): Promise<[SubprocessTransport, P]> {
  assertDeno("subprocessShell");
  assertFactory("subprocessShell", protocolFactory);
  const isErrorInOutput = options.stderr === STDOUT;
  const shell = commandOf(command, { isErrorInOutput });
  return await start(
    loop,
    protocolFactory,
    options,
    (settings) => launch(shell, settings),
  );
}

async function start<P extends SubprocessProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  options: SubprocessOptions,
  spawn: (options: SubprocessOptions) => Deno.ChildProcess,
): Promise<[SubprocessTransport, P]> {
  assertOptions(options);
  const settings = withPipes(options);
  const context = new CallbackContext(schedulerOf(loop));
  const protocol = protocolFactory();
  const child = spawn(settings);
  const transport = new ProcessTransport(child, protocol, context, settings);
  try {
    await begin(context, transport);
  } catch (error) {
    // It is closed, so the process ends.
    await transport.exited();
    throw error;
  }
  return [transport, protocol];
}

/** Pipes where nobody asked otherwise, for who follows a process by a protocol. */
function withPipes(options: SubprocessOptions): SubprocessOptions {
  const { stdin = PIPE, stdout = PIPE, stderr = PIPE } = options;
  return { ...options, stdin, stdout, stderr };
}
