// Copyright 2026 the asyncio for Deno authors. MIT license.

import { errors, OS } from "../../core/runtime.ts";
import { isInstance } from "../../core/unknown_value.ts";
import { outOfRange, wrongType } from "../../core/validate.ts";
import { messageOf, rephrase } from "../stream/failures.ts";

/** Throws on Windows, and unless the path is one. */
export function assertUnixPath(
  method: string,
  path: string | URL | null,
): void {
  if (OS === "windows") {
    throw new errors.NotSupported(
      `${method}() is not supported on Windows: Deno has no Unix sockets there`,
    );
  }
  if (path === null) return;
  if (isInstance(path, URL)) {
    if (path.protocol === "file:") return;
    throw outOfRange("The path", "a path or a file: URL", path.href);
  }
  if (typeof path !== "string") {
    throw wrongType("The path", "a string or a file: URL", path);
  }
  // Binding to an empty path would bind to a random abstract one.
  if (path === "") {
    throw new RangeError(
      'The path must be a non-empty string: received ""',
    );
  }
}

/** Returns the path as a string, as `Deno.connect()` and `Deno.listen()` require. */
export function pathOf(path: string | URL): string {
  return typeof path === "string" ? path : decodeURIComponent(path.pathname);
}

/** Returns whether the path is in Linux's abstract namespace, not in the file system. */
export function isAbstract(path: string): boolean {
  return path.startsWith("\0");
}

/** Returns a system error with the path in its message. */
export function unixError(
  what: string,
  path: string,
  error: unknown,
): Error {
  const message = `${what} ${JSON.stringify(path)}: ${messageOf(error)}`;
  return rephrase(error, message);
}
