// Copyright 2026 the asyncio for Deno authors. MIT license.

import { errors, OS } from "../../core/runtime.ts";
import { isInstance } from "../../core/unknown_value.ts";
import { outOfRange, wrongType } from "../../core/validate.ts";
import { messageOf, rephrase } from "../stream/failures.ts";

/** Throws where there are no Unix sockets, or where the path is none. */
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
  // To bind to an empty path would be to bind to a random abstract one.
  if (path === "") {
    throw new RangeError(
      "Expected the path of a socket: received an empty one",
    );
  }
}

/** The path as Deno's functions for sockets take it. */
export function pathOf(path: string | URL): string {
  return typeof path === "string" ? path : decodeURIComponent(path.pathname);
}

/** Whether the path names no file, but a socket in Linux's abstract namespace. */
export function isAbstract(path: string): boolean {
  return path.startsWith("\0");
}

/** What the operating system says to the use of a path, and of which. */
export function unixError(
  what: string,
  path: string,
  error: unknown,
): Error {
  const message = `${what} ${JSON.stringify(path)}: ${messageOf(error)}`;
  return rephrase(error, message);
}
