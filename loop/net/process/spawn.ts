// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { EventLoop } from "../../event_loop.ts";
import { assertDeno } from "../../core/runtime.ts";
import { schedulerOf } from "../../core/scheduler.ts";
import { assertFactory, makeProtocol } from "../stream/assertions.ts";
import { CallbackContext, startTransport } from "../stream/callbacks.ts";
import { messageOf, rephrase } from "../stream/failures.ts";
import type { SubprocessProtocol } from "../subprocess_protocol.ts";
import type { SubprocessTransport } from "../subprocess_transport.ts";
import {
  assertSubprocessOptions,
  type Command,
  programOf,
  shellCommandOf,
  withErrorInOutput,
} from "./_command.ts";
import { shellEnvironmentOf } from "./_shell_environment.ts";
import { ProcessTransport } from "./_process_transport.ts";
import { DEVNULL, PIPE, STDOUT, type SubprocessStdio } from "./stdio.ts";
import type { SubprocessOptions } from "../options.ts";

/** Implements `loop.subprocessExec()`. */
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
  assertSubprocessOptions("subprocessExec", options);
  return await startProcess(
    loop,
    protocolFactory,
    options,
    (settings) => launchProgram(command, settings),
  );
}

/** Implements `loop.subprocessShell()`. */
export async function subprocessShell<P extends SubprocessProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  command: string,
  options: SubprocessOptions,
): Promise<[SubprocessTransport, P]> {
  assertDeno("subprocessShell");
  assertFactory("subprocessShell", protocolFactory);
  assertSubprocessOptions("subprocessShell", options);
  const isErrorInOutput = options.stderr === STDOUT;
  const shell = shellCommandOf(command, { isErrorInOutput });
  return await startProcess(
    loop,
    protocolFactory,
    options,
    (settings) => launch(shell, settings),
  );
}

async function startProcess<P extends SubprocessProtocol>(
  loop: EventLoop,
  protocolFactory: () => P,
  options: SubprocessOptions,
  spawn: (options: SubprocessOptions) => Deno.ChildProcess,
): Promise<[SubprocessTransport, P]> {
  const settings = withPipes(options);
  const protocol = makeProtocol(protocolFactory);
  const context = new CallbackContext(schedulerOf(loop));
  const child = spawn(settings);
  const transport = new ProcessTransport(child, protocol, context, settings);
  try {
    await startTransport(context, transport);
  } catch (error) {
    // The transport is closed, so the process is being killed.
    await transport.exited();
    throw error;
  }
  return [transport, protocol];
}

/** Defaults the standard streams to pipes. */
function withPipes(options: SubprocessOptions): SubprocessOptions {
  const { stdin = PIPE, stdout = PIPE, stderr = PIPE } = options;
  return { ...options, stdin, stdout, stderr };
}

/** Starts a program, possibly through the shell that redirects its standard error. */
function launchProgram(
  command: Command,
  options: SubprocessOptions,
): Deno.ChildProcess {
  if (options.stderr !== STDOUT) return launch(command, options);
  // Checked first, as the shell would report errors late and in its own words.
  const environment = shellEnvironmentOf(options);
  const wrapped = withErrorInOutput(command, environment);
  assertCanStart(command, options);
  try {
    return launch(wrapped, { ...options, env: environment.env });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    // The program has permission to run the command, but not the shell.
    throw rephrase(
      error,
      `stderr: STDOUT needs the shell: ${messageOf(error)}`,
    );
  }
}

/** Starts a command as it is: `STDOUT` for its standard error must have been handled. */
function launch(
  command: Command,
  options: SubprocessOptions,
): Deno.ChildProcess {
  const { program, args, isRaw } = command;
  try {
    return new Deno.Command(program, {
      ...settingsOf(options),
      args: [...args],
      stdin: streamOf(options.stdin),
      stdout: streamOf(options.stdout),
      stderr: streamOf(options.stderr),
      ...(isRaw && { windowsRawArguments: true }),
    }).spawn();
  } catch (error) {
    throw startErrorOf(program, error);
  }
}

/** Matches the error for an invalid argument of a program that exists and may be run. */
const NUL = /nul byte/;

/** Throws if the program does not exist or must not be run, as far as that can be determined without running it. */
function assertCanStart(command: Command, options: SubprocessOptions): void {
  const { program } = command;
  try {
    new Deno.Command(program, { ...settingsOf(options), args: ["\0"] })
      .spawn();
  } catch (error) {
    if (!NUL.test(messageOf(error))) throw startErrorOf(program, error);
  }
  // Deno has looked up a name, but has not checked a path.
  if (`${program}`.includes("/")) assertExecutable(program, options.cwd);
}

/** The execute permission bits of a file's mode. */
const ANY_EXECUTE = 0o111;

function assertExecutable(
  program: string | URL,
  cwd: string | URL | null | undefined,
): void {
  const file = program instanceof URL || program.startsWith("/") || cwd == null
    ? program
    : `${
      cwd instanceof URL ? decodeURIComponent(cwd.pathname) : cwd
    }/${program}`;
  if (!mayRead(file)) return;
  let info;
  try {
    info = Deno.statSync(file);
  } catch (error) {
    throw startErrorOf(program, error);
  }
  if (info.isFile && (info.mode ?? ANY_EXECUTE) & ANY_EXECUTE) return;
  throw new Deno.errors.PermissionDenied(
    `Failed to spawn '${program}': Permission denied`,
  );
}

function mayRead(path: string | URL): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

function settingsOf(options: SubprocessOptions): Deno.CommandOptions {
  const { cwd, env, clearEnv, uid, gid, detached } = options;
  return {
    ...(cwd != null && { cwd }),
    ...(env != null && { env: { ...env } }),
    ...(clearEnv !== undefined && { clearEnv }),
    ...(uid !== undefined && { uid }),
    ...(gid !== undefined && { gid }),
    ...(detached !== undefined && { detached }),
  };
}

/** Converts to an option of `Deno.Command`. A file is connected through a pipe. */
function streamOf(
  stdio: SubprocessStdio | typeof STDOUT | null | undefined,
): "piped" | "inherit" | "null" {
  if (stdio == null || stdio === "inherit") return "inherit";
  return stdio === DEVNULL || stdio === STDOUT ? "null" : PIPE;
}

function startErrorOf(program: string | URL, error: unknown): unknown {
  if (!(error instanceof Deno.errors.NotFound)) return error;
  const message = messageOf(error);
  if (message.includes("entity not found")) {
    return rephrase(
      error,
      `Cannot start "${program}": the program does not exist`,
    );
  }
  if (message.includes("os error 2")) {
    return rephrase(
      error,
      `Cannot start "${program}": the file or the interpreter in its first line does not exist`,
    );
  }
  return error;
}
