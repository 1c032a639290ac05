// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";

const LIBRARY = new URL("../../mod.ts", import.meta.url).href;

/** Features that depend on the library's files: code that is loaded late, workers, stacks. */
const PROGRAM = `
import { createTask, openConnection, run, sleep, startServer, toThread } from ${
  JSON.stringify(LIBRARY)
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

interface Output {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

async function deno(...args: string[]): Promise<Output> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    env: { ASYNCIO_DEBUG: "1", NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return {
    success,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

Deno.test('A program works that "deno bundle" made one file of', async (t) => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/program.ts`, PROGRAM);
    const bundle = `${folder}/program.js`;
    for (const flags of [[], ["--minify"]]) {
      await t.step(["deno bundle", ...flags].join(" "), async () => {
        const made = await deno(
          "bundle",
          "--no-config",
          ...flags,
          "--output",
          bundle,
          `${folder}/program.ts`,
        );
        assertEquals(made.success, true, made.stderr);
        const { stdout, stderr } = await deno("run", "-A", bundle);
        assertEquals(stderr, "");
        const lines = stdout.trim().split("\n");
        assertEquals(lines.slice(0, 2), ["over the network", "in a thread 42"]);
        // Minified, the function has another name.
        if (flags.length === 0) assertEquals(lines[2], "waiting");
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
