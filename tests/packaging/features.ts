// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Returns a program, for debug mode, that uses what depends on the library's files: code that is loaded late, workers,
 * stacks. It prints {@linkcode FEATURES}.
 *
 * @param library What the program imports.
 * @returns The program.
 */
export function featuresProgram(library: string): string {
  return `
import { createTask, openConnection, run, sleep, startServer, toThread } from ${
    JSON.stringify(library)
  };

async function waiting() {
  await sleep(3600);
}

await run(async () => {
  await using server = await startServer(async (reader, writer) => {
    writer.write(await reader.readLine());
    writer.close();
    await writer.waitClosed();
  }, "127.0.0.1", 0);
  const { port } = server.sockets[0].addr;
  const [reader, writer] = await openConnection("127.0.0.1", port);
  writer.write("over the network\\n");
  console.log(new TextDecoder().decode(await reader.readLine()).trim());
  writer.close();
  await writer.waitClosed();
  console.log("in a thread", await toThread((a, b) => a * b, [6, 7]));
  const task = createTask(waiting);
  await sleep(0);
  console.log(task.getStack().map((frame) => frame.functionName).join());
});
`;
}

/** The lines that the program prints. */
export const FEATURES = ["over the network", "in a thread 42", "waiting"];
