// Copyright 2026 the asyncio for Deno authors. MIT license.

import { isPermitted, OS, readableEnv } from "../loop/core/runtime.ts";

/** Returns the folders in which programs of this user that can be inspected have their sockets. */
export function socketDirectories(): string[] {
  if (OS === "windows") {
    const data = readableEnv("LOCALAPPDATA") ?? readableEnv("TEMP");
    return data === undefined ? [] : [`${data}\\asyncio`];
  }
  const runtime = readableEnv("XDG_RUNTIME_DIR");
  const temporary = readableEnv("TMPDIR")?.replace(/\/+$/, "") || "/tmp";
  // A program that may not read the environment uses the last one.
  return [
    ...runtime === undefined ? [] : [`${runtime}/asyncio`],
    ...new Set([temporary, "/tmp"].map((each) => `${each}/asyncio-${uid()}`)),
  ];
}

/** Returns the folder for the socket of this program, which only this user can enter; creates it if need be. */
export function ownDirectory(): string {
  const [directory] = socketDirectories();
  if (directory === undefined) {
    throw new Deno.errors.NotFound(
      "Cannot choose a path as LOCALAPPDATA is not set: pass the path option",
    );
  }
  Deno.mkdirSync(directory, { recursive: true, mode: 0o700 });
  assertPrivate(directory);
  return directory;
}

/** Throws unless a folder belongs to this user alone: in a shared folder, another user may have created it first. */
export function assertPrivate(directory: string): void {
  if (OS === "windows") return;
  const { isDirectory, uid: owner, mode } = Deno.lstatSync(directory);
  if (isDirectory && owner === uid()) {
    if ((mode! & 0o077) !== 0) Deno.chmodSync(directory, 0o700);
    return;
  }
  throw new Deno.errors.PermissionDenied(
    `Cannot use ${directory} as it is not a folder of this user`,
  );
}

let knownUid: number | null = null;

/** The user of the process; found without asking for a permission. */
function uid(): number {
  return knownUid ??= isPermitted({ name: "sys", kind: "uid" })
    ? Deno.uid()!
    : ownerOfNewFile();
}

function ownerOfNewFile(): number {
  const directory = Deno.makeTempDirSync();
  try {
    return Deno.statSync(directory).uid!;
  } finally {
    Deno.removeSync(directory);
  }
}
