// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * What the library takes from Deno, and Node and Bun have under other names. What they have not is
 * refused by {@linkcode assertDeno}.
 */

/** What is used of Node's `process`. */
interface NodeProcess {
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  exit(code: number): never;
  on(event: string, listener: (argument: unknown) => void): void;
  off(event: string, listener: (argument: unknown) => void): void;
  listenerCount(event: string): number;
}

const scope: { readonly Deno?: typeof Deno; readonly process?: NodeProcess } =
  globalThis;
const deno = scope.Deno;
// Deno has it too, but loads it when it is first looked at.
const node = deno === undefined ? scope.process : undefined;

const NAMES = [
  "AddrInUse",
  "AddrNotAvailable",
  "BadResource",
  "BrokenPipe",
  "ConnectionAborted",
  "ConnectionRefused",
  "ConnectionReset",
  "Interrupted",
  "NetworkUnreachable",
  "NotCapable",
  "NotConnected",
  "NotFound",
  "NotSupported",
  "PermissionDenied",
  "TimedOut",
  "UnexpectedEof",
] as const satisfies (keyof typeof Deno.errors)[];

type SystemErrors = Pick<typeof Deno.errors, (typeof NAMES)[number]>;

/** `Deno.errors`, or classes of the same names. */
export const errors: SystemErrors = deno?.errors ?? standIns();

function standIns(): SystemErrors {
  const classes = NAMES.map((name) => {
    const errorClass = class extends Error {
      override name = name;
    };
    return [name, Object.defineProperty(errorClass, "name", { value: name })];
  });
  // What `Object.fromEntries()` gives has lost the names.
  return Object.fromEntries(classes) as SystemErrors;
}

/** Throws unless the program runs on Deno. */
export function assertDeno(method: string): void {
  if (deno !== undefined) return;
  throw new errors.NotSupported(`${method}() needs Deno, and this is not Deno`);
}

/** Throws where there are no Web Workers, as in Node. */
export function assertWorkers(): void {
  if (typeof Worker === "function") return;
  throw new errors.NotSupported(
    "Another thread takes Web Workers, which this runtime does not have",
  );
}

/** The system, as Deno calls it. */
export const OS: string = deno?.build.os ??
  (node?.platform === "win32" ? "windows" : node?.platform ?? "unknown");

/** Whether the program has a permission already. Nobody is asked for it. */
export function isPermitted(permission: Deno.PermissionDescriptor): boolean {
  if (deno === undefined) return true;
  // On Deno Deploy there has been nothing to ask.
  return deno.permissions?.querySync?.(permission).state === "granted";
}

/** The value of an environment variable, if it may be read. */
export function readableEnv(variable: string): string | undefined {
  if (!isPermitted({ name: "env", variable })) return undefined;
  return deno === undefined ? node?.env[variable] : deno.env.get(variable);
}

/** Whether the environment asks for debug mode. Never prompts for a permission. */
export function isDebugModeAskedFor(): boolean {
  const value = readableEnv("ASYNCIO_DEBUG");
  return value !== undefined && value !== "" && value !== "0";
}

/** Ends the program. */
export function exit(code: number): never {
  if (node !== undefined) node.exit(code);
  return Deno.exit(code);
}

/** Has a function called when the program ends. */
export function onExit(callback: () => void): void {
  if (node === undefined) globalThis.addEventListener("unload", callback);
  else node.on("exit", callback);
}

/** Has a function called at each such signal; throws where that cannot be. */
export function addSignalListener(
  signal: Deno.Signal,
  listener: () => void,
): void {
  if (node === undefined) Deno.addSignalListener(signal, listener);
  else node.on(signal, listener);
}

/** Takes that back. */
export function removeSignalListener(
  signal: Deno.Signal,
  listener: () => void,
): void {
  if (node === undefined) Deno.removeSignalListener(signal, listener);
  else node.off(signal, listener);
}

/** Asks a function about each promise that was rejected and nobody handles; true keeps the program alive. */
export function onUnhandledRejection(
  isHandled: (reason: unknown) => boolean,
): void {
  if (node === undefined) {
    globalThis.addEventListener("unhandledrejection", (event) => {
      if (!event.defaultPrevented && isHandled(event.reason)) {
        event.preventDefault();
      }
    });
    return;
  }
  rejectionHandlers.push(isHandled);
  if (rejectionHandlers.length === 1) {
    node.on("unhandledRejection", handleRejection);
    // What ends the main module itself is no rejection to Node, and cannot be kept from ending it.
    node.on("uncaughtExceptionMonitor", isHandledByAny);
  }
}

const rejectionHandlers: ((reason: unknown) => boolean)[] = [];

function isHandledByAny(reason: unknown): boolean {
  return rejectionHandlers.some((isHandled) => isHandled(reason));
}

function handleRejection(reason: unknown): void {
  if (isHandledByAny(reason)) return;
  // Node ends the program only where nobody listens.
  if (node?.listenerCount("unhandledRejection") === 1) throw reason;
}
