// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Calls a function with a directory of its own, and removes that. */
export async function withDirectory(
  use: (path: string) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    await use(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}
