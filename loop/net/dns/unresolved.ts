// Copyright 2026 the asyncio for Deno authors. MIT license.

import { hostAndPort } from "./ip_literal.ts";
import { codeOf } from "../engine/os_error.ts";
import { messageOf } from "../engine/rephrase.ts";
import { errors } from "../../runtime.ts";

/** The error for a host that has no address. */
export function unresolved(
  host: string | null,
  port: number,
  cause: unknown,
): Error {
  const error = new errors.NotFound(
    `Cannot find an address of ${hostAndPort(host, port)}: ${messageOf(cause)}`,
    { cause },
  );
  return Object.assign(error, { code: codeOf(cause) ?? "ENOTFOUND" });
}

/**
 * Whether an error of Deno's own look-up says that there is no such host. It has neither a class nor a
 * code for that, and each system has words of its own.
 */
export function isUnresolved(error: unknown): boolean {
  return error instanceof URIError || error instanceof Error &&
      /failed to lookup address|no such host|not known/i.test(error.message);
}
