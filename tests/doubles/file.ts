// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Calls a function with an open file of some content, and removes that. */
export async function withFile(
  content: Uint8Array<ArrayBuffer> | string,
  use: (file: Deno.FsFile) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    if (typeof content === "string") await Deno.writeTextFile(path, content);
    else await Deno.writeFile(path, content);
    using file = await Deno.open(path);
    await use(file);
  } finally {
    await Deno.remove(path);
  }
}

/** Returns the position at which a file would be read next. */
export function positionOf(file: Deno.FsFile): number {
  return file.seekSync(0, Deno.SeekMode.Current);
}
