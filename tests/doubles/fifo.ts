// Copyright 2026 the asyncio for Deno authors. MIT license.

/** Whether this machine has a program that makes named pipes. */
export const canMakeFifo: boolean = await new Deno.Command("mkfifo", {
  args: ["--help"],
  stdout: "null",
  stderr: "null",
}).output().then(() => true, () => false);

/**
 * Opens a pipe that is made for the purpose.
 *
 * @returns The end that is read, and the end that is written. Close both.
 */
export async function openFifo(): Promise<
  [input: Deno.FsFile, output: Deno.FsFile]
> {
  const directory = await Deno.makeTempDir();
  try {
    const path = `${directory}/pipe`;
    const { success } = await new Deno.Command("mkfifo", { args: [path] })
      .output();
    if (!success) throw new Error("mkfifo failed");
    // Each waits for the other.
    return await Promise.all([
      Deno.open(path),
      Deno.open(path, { write: true }),
    ]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
