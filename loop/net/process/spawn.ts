// Copyright 2026 the asyncio for Deno authors. MIT license.

import { isInstance } from "../../core/unknown_value.ts";
import {
  assertFlags,
  assertInteger,
  assertOptions,
  hasMethods,
  outOfRange,
  wrongType,
} from "../../core/validate.ts";
import {
  DEVNULL,
  PIPE,
  STDOUT,
  type SubprocessStdio,
  type SubprocessTransport,
} from "../subprocess_transport.ts";
import type { SubprocessOptions } from "../options.ts";
import type { EventLoop } from "../../event_loop.ts";
import { assertDeno } from "../../core/runtime.ts";
import { schedulerOf } from "../../core/scheduler.ts";
import { assertFactory, makeProtocol } from "../stream/assertions.ts";
import { CallbackContext, startTransport } from "../stream/callbacks.ts";
import { messageOf, rephrase } from "../stream/failures.ts";
import type { SubprocessProtocol } from "../protocols.ts";
import { ProcessTransport } from "./_process_transport.ts";

/** The command line of a program or of the shell. */
interface Command {
  readonly program: string | URL;
  readonly args: readonly string[];
  /** Whether to pass the arguments verbatim. Windows only. */
  readonly isRaw?: boolean;
}

/** Returns the command of a program; throws unless its arguments are valid. */
function programOf(
  program: string | URL,
  args: readonly string[],
): Command {
  if (!isInstance(program, URL)) assertText("The program", program);
  else if (program.protocol !== "file:") {
    throw outOfRange("The program", "a path or a file: URL", program.href);
  }
  if (program === "") {
    throw outOfRange("The program", "the name of a program", program);
  }
  if (!Array.isArray(args)) {
    throw wrongType("The arguments", "an array of strings", args);
  }
  for (const [i, arg] of args.entries()) assertText(`The args[${i}]`, arg);
  return { program, args };
}

/**
 * Returns the command with its standard error redirected to its standard output. This needs the shell, as
 * `Deno.Command` does not support it.
 */
function withErrorInOutput(
  { program, args }: Command,
  { lost, restoring }: ShellEnvironment,
): Command {
  assertShellOfUnix();
  const path = typeof program === "string"
    ? program
    : decodeURIComponent(program.pathname);
  const script = 'exec "$0" "$@" 2>&1';
  // `env` would take a path with "=" for a variable.
  const isEnvFit = !path.includes("=");
  if (!isEnvFit && lost.length > 0) {
    throw new Deno.errors.NotSupported(
      `stderr: STDOUT does not support these variable names for a program with "=" in its path: ${
        lost.join(", ")
      }`,
    );
  }
  if (!isEnvFit || restoring.length === 0) {
    return shellWith(script, [path, ...args]);
  }
  return shellWith(script, ["/usr/bin/env", ...restoring, path, ...args]);
}

/** Returns the command of the shell, optionally with its standard error redirected to its standard output. */
function shellCommandOf(
  command: string,
  { isErrorInOutput }: { isErrorInOutput: boolean },
): Command {
  assertText("The command", command);
  if (Deno.build.os === "windows") {
    const line = isErrorInOutput ? `(${command}) 2>&1` : command;
    return {
      program: "cmd",
      args: ["/d", "/s", "/c", `"${line}"`],
      isRaw: true,
    };
  }
  return shellWith(isErrorInOutput ? `exec 2>&1\n${command}` : command, []);
}

function shellWith(script: string, args: readonly string[]): Command {
  return { program: shell(), args: ["-c", script, ...args] };
}

/** Returns the path of the shell, or its name if the program only has permission to run it by name. */
function shell(): string {
  const path = "/bin/sh";
  const { state } = Deno.permissions.querySync({ name: "run", command: path });
  return state === "granted" ? path : "sh";
}

function assertShellOfUnix(): void {
  if (Deno.build.os !== "windows") return;
  throw new Deno.errors.NotSupported(
    "stderr: STDOUT is not supported for programs on Windows: use createSubprocessShell() or two pipes",
  );
}

/** Throws unless the options are valid. */
function assertSubprocessOptions(
  method: string,
  options: SubprocessOptions,
): void {
  assertOptions(method, options);
  assertFlags(method, options, "clearEnv", "detached");
  assertStdio("stdin", options.stdin, "read");
  assertStdio("stdout", options.stdout, "write");
  if (options.stderr !== STDOUT) {
    assertStdio("stderr", options.stderr, "write");
  }
  assertDirectory(options.cwd);
  assertEnvironment(options.env);
  assertId("uid", options.uid);
  assertId("gid", options.gid);
}

/** Throws unless the value is a string without null characters, as system calls require. */
function assertText(what: string, value: unknown): void {
  if (typeof value !== "string") {
    throw wrongType(what, "a string", value);
  }
  if (value.includes("\0")) {
    throw outOfRange(what, "without a null character", value);
  }
}

function assertStdio(
  name: string,
  value: unknown,
  method: "read" | "write",
): void {
  if (value == null || hasMethods(value, method)) return;
  if (value === STDOUT) {
    throw new RangeError(`STDOUT can only be used for stderr, not for ${name}`);
  }
  if (value === PIPE || value === DEVNULL || value === "inherit") return;
  throw wrongType(
    `The ${name}`,
    'PIPE, DEVNULL, "inherit" or a Deno.FsFile',
    value,
  );
}

function assertDirectory(cwd: unknown): void {
  if (cwd == null) return;
  if (!isInstance(cwd, URL)) assertText("The cwd", cwd);
  else if (cwd.protocol !== "file:") {
    throw outOfRange("The cwd", "a path or a file: URL", cwd.href);
  }
}

function assertEnvironment(env: unknown): void {
  if (env == null) return;
  if (typeof env !== "object") {
    throw wrongType("The env", "an object with environment variables", env);
  }
  for (const [name, value] of Object.entries(env)) {
    assertText(`The environment variable ${name}`, value);
    assertText("The name of an environment variable", name);
    if (name !== "" && !name.includes("=")) continue;
    throw outOfRange(
      "Each name in env",
      "the name of an environment variable",
      name,
    );
  }
}

/** The greatest valid id. One more means "no change" to system calls. */
const MAX_ID = 2 ** 32 - 2;

function assertId(name: string, value: unknown): void {
  if (value === undefined) return;
  assertInteger(`The ${name} option`, value, 0, MAX_ID);
}

/** The names that all shells pass on. Some shells drop other names. */
const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The variables that some shells overwrite. */
const SHELLS_OWN: ReadonlySet<string> = new Set([
  "BASH",
  "BASHOPTS",
  "BASHPID",
  "BASH_ARGV0",
  "BASH_COMMAND",
  "BASH_VERSION",
  "COMP_WORDBREAKS",
  "EPOCHREALTIME",
  "EPOCHSECONDS",
  "EUID",
  "HISTCMD",
  "IFS",
  "LINENO",
  "OLDPWD",
  "OPTERR",
  "OPTIND",
  "PPID",
  "PS1",
  "PS2",
  "PS4",
  "PWD",
  "RANDOM",
  "SECONDS",
  "SHELLOPTS",
  "SHLVL",
  "SRANDOM",
  "UID",
]);

/** The variables that shells add if they are missing. */
const ADDED: readonly string[] = ["OLDPWD", "PWD", "SHLVL"];

/** How to pass an environment through a shell that executes a program. */
interface ShellEnvironment {
  /** The variables for the shell, in addition to those that it inherits. */
  readonly env: Record<string, string>;
  /** The names of the variables that some shells drop. */
  readonly lost: readonly string[];
  /** The arguments of env(1) that restore the variables; empty if there is nothing to restore. */
  readonly restoring: readonly string[];
}

/**
 * Returns how to pass an environment through the shell. Inherited variables are included if this program may read
 * them.
 */
function shellEnvironmentOf(
  { env: own, clearEnv = false }: SubprocessOptions,
): ShellEnvironment {
  const mayRead = mayReadEnvironment();
  const inherited = !clearEnv && mayRead ? Deno.env.toObject() : {};
  const complete: Record<string, string> = { ...inherited, ...own };
  const names = Object.keys(complete).filter((name) =>
    SHELLS_OWN.has(name) || !SHELL_NAME.test(name)
  );
  const env = { ...own };
  for (const name of names) delete env[name];
  // Debian's shell does not start if this variable, which may be inherited, is not a number.
  if (names.includes("OPTIND")) env.OPTIND = "1";
  const added = clearEnv || mayRead
    ? ADDED.filter((name) => !(name in complete))
    : [];
  const removals = added.flatMap((name) => ["-u", name]);
  const assignments = names.map((name) => `${name}=${complete[name]}`);
  const restoring = [...removals, "--", ...assignments];
  const lost = names.filter((name) => !SHELL_NAME.test(name));
  return { env, lost, restoring: restoring.length > 1 ? restoring : [] };
}

function mayReadEnvironment(): boolean {
  const { state, partial } = Deno.permissions.querySync({ name: "env" });
  return state === "granted" && !partial;
}

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
