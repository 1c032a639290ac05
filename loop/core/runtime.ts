// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * What the library uses of Deno that Node and Bun have under other names. {@linkcode assertDeno} refuses what they do
 * not have.
 */

/** The part of Node's `process` that is used. */
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
// Deno has it too, but loads it when it is first read.
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

/** `Deno.errors`, or substitutes with the same names. */
export const errors: SystemErrors = deno?.errors ?? standIns();

function standIns(): SystemErrors {
  const classes = NAMES.map((name) => {
    const errorClass = class extends Error {
      override name = name;
    };
    return [name, Object.defineProperty(errorClass, "name", { value: name })];
  });
  // `Object.fromEntries()` loses the types of the keys.
  return Object.fromEntries(classes) as SystemErrors;
}

/** Throws unless the program runs on Deno. */
export function assertDeno(method: string): void {
  if (deno !== undefined) return;
  throw new errors.NotSupported(`${method}() is only supported in Deno`);
}

/** Throws where there are no Web Workers, as in Node. */
export function assertWorkers(): void {
  if (typeof Worker === "function") return;
  throw new errors.NotSupported(
    "Executors need Web Workers, which this runtime does not support",
  );
}

/** The operating system, by Deno's names. */
export const OS: string = deno?.build.os ??
  (node?.platform === "win32" ? "windows" : node?.platform ?? "unknown");

/** Returns whether a permission is granted, without a prompt. */
export function isPermitted(permission: Deno.PermissionDescriptor): boolean {
  if (deno === undefined) return true;
  // Deno Deploy did not have `querySync()`.
  return deno.permissions?.querySync?.(permission).state === "granted";
}

/** Returns the value of an environment variable, if it may be read. */
export function readableEnv(variable: string): string | undefined {
  if (!isPermitted({ name: "env", variable })) return undefined;
  return deno === undefined ? node?.env[variable] : deno.env.get(variable);
}

/** Whether the environment asks for debug mode. Never prompts for a permission. */
export function isDebugModeAskedFor(): boolean {
  const value = readableEnv("ASYNCIO_DEBUG");
  return value !== undefined && value !== "" && value !== "0";
}

/** Exits the program. */
export function exit(code: number): never {
  if (node !== undefined) node.exit(code);
  return Deno.exit(code);
}

/** Calls a function after some seconds, unless the program ends before; returns a function that cancels the call. */
export function callIfStillRunning(
  seconds: number,
  callback: () => void,
): () => void {
  const id: unknown = setTimeout(callback, seconds * 1000);
  if (deno !== undefined) deno.unrefTimer(id as number);
  else (id as { unref?(): void }).unref?.();
  return () => clearTimeout(id as number);
}

/** Registers a function that is called when the program ends. */
export function onExit(callback: () => void): void {
  if (node === undefined) globalThis.addEventListener("unload", callback);
  else node.on("exit", callback);
}

/** Registers a function that is called at each signal of that name; throws if that is not supported. */
export function addSignalListener(
  signal: Deno.Signal,
  listener: () => void,
): void {
  if (node === undefined) Deno.addSignalListener(signal, listener);
  else node.on(signal, listener);
}

/** Removes such a function. */
export function removeSignalListener(
  signal: Deno.Signal,
  listener: () => void,
): void {
  if (node === undefined) Deno.removeSignalListener(signal, listener);
  else node.off(signal, listener);
}

/** Registers a function that is called with each unhandled rejection; if it returns `true`, the program goes on. */
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
    // Node does not treat a rejection of the main module as an unhandled rejection, and always exits.
    node.on("uncaughtExceptionMonitor", isHandledByAny);
  }
}

const rejectionHandlers: ((reason: unknown) => boolean)[] = [];

function isHandledByAny(reason: unknown): boolean {
  return rejectionHandlers.some((isHandled) => isHandled(reason));
}

function handleRejection(reason: unknown): void {
  if (isHandledByAny(reason)) return;
  // Node only exits by itself if there are no listeners.
  if (node?.listenerCount("unhandledRejection") === 1) throw reason;
}
