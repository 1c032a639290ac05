// Copyright 2026 the asyncio for Deno authors. MIT license.

import { hasMethods } from "../engine/has_methods.ts";
import { nameOf, typeNameOf } from "../engine/name_of.ts";
import { DEVNULL, PIPE, STDOUT } from "./stdio.ts";
import type { SubprocessOptions } from "./subprocess_options.ts";

/** Throws unless a process can be asked for in this way. The program and its arguments are not looked at. */
export function assertOptions(options: SubprocessOptions): void {
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

/** Throws unless the value is text that a system call can take. */
export function assertText(what: string, value: unknown): void {
  if (typeof value !== "string") {
    throw new TypeError(
      `Expected a string as ${what}: received ${typeNameOf(value)}`,
    );
  }
  if (value.includes("\0")) {
    throw new RangeError(
      `Expected ${what} without a null character: received ${
        JSON.stringify(value)
      }`,
    );
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
  throw new TypeError(
    `Expected PIPE, DEVNULL, "inherit" or a Deno.FsFile as ${name}: received ${
      typeof value === "string" ? JSON.stringify(value) : nameOf(value)
    }`,
  );
}

function assertDirectory(cwd: unknown): void {
  if (cwd == null) return;
  if (!(cwd instanceof URL)) assertText("cwd", cwd);
  else if (cwd.protocol !== "file:") {
    throw new RangeError(
      `Expected a path or a file: URL as cwd: received ${cwd}`,
    );
  }
}

function assertEnvironment(env: unknown): void {
  if (env == null) return;
  if (typeof env !== "object") {
    throw new TypeError(
      `Expected an object with environment variables as env: received ${typeof env}`,
    );
  }
  for (const [name, value] of Object.entries(env)) {
    assertText(`the environment variable ${name}`, value);
    assertText("the name of an environment variable", name);
    if (name !== "" && !name.includes("=")) continue;
    throw new RangeError(
      `Expected the name of an environment variable in env: received ${
        JSON.stringify(name)
      }`,
    );
  }
}

function assertId(name: string, value: unknown): void {
  if (value === undefined) return;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) {
    return;
  }
  throw new RangeError(
    `Expected an integer of 0 or more as ${name}: received ${value}`,
  );
}
