// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertDeno, errors } from "./runtime.ts";

const POLL = {
  name: "poll",
  parameters: ["buffer", "usize", "i32"],
  result: "i32",
} as const;

const SYMBOLS = {
  poll: { ...POLL, nonblocking: true },
  pollNow: POLL,
  pipe: { parameters: ["buffer"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

/** The functions of the system that {@linkcode openLibc} gives. */
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>;

/** What the library is called; on Linux also where it is musl. */
const NAMES: Partial<Record<typeof Deno.build.os, readonly string[]>> = {
  linux: ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"],
  android: ["libc.so"],
  darwin: ["libSystem.dylib"],
  freebsd: ["libc.so.7"],
};

/** Opens the system's C library; throws `Deno.errors.NotSupported` if that cannot be. */
export function openLibc(method: string): Libc {
  assertDeno(method);
  const names = NAMES[Deno.build.os];
  if (names === undefined) throw notSupported(method, "on this system");
  let cause: unknown;
  for (const name of names) {
    try {
      return Deno.dlopen(name, SYMBOLS);
    } catch (error) {
      if (error instanceof errors.NotCapable) {
        throw notSupported(method, "without --allow-ffi", error);
      }
      cause = error;
    }
  }
  throw notSupported(method, "without the system's C library", cause);
}

function notSupported(method: string, where: string, cause?: unknown): Error {
  return new errors.NotSupported(
    `${method}() is not supported ${where}: use sockRecv(), sockSendAll(), connectReadPipe() or connectWritePipe()`,
    { cause },
  );
}
