// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { runProgram } from "../tests/doubles/program.ts";
import { bytesOf } from "../tests/doubles/text.ts";

/** Runs a program whose standard input stays open, and answers what it prints. */
async function talk(
  source: string,
  answers: Record<string, string>,
): Promise<string> {
  const library = new URL("../mod.ts", import.meta.url).href;
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      "--ext=ts",
      source.replaceAll('"asyncio"', JSON.stringify(library)),
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  let output = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    output += text;
    const answer = answers[/[^\n]+\n$/.exec(output)?.[0].trim() ?? ""];
    if (answer !== undefined) await writer.write(bytesOf(answer));
  }
  await child.status;
  await writer.close().catch(() => {}); // the program has ended
  return output;
}

Deno.test("openStdin() reads lines to the end of the standard input", async () => {
  const { stdout, stderr, code } = await runProgram(
    `
    import { openStdin, run } from "asyncio";
    await run(async () => {
      const reader = await openStdin();
      for await (const line of reader.lines()) console.log(line.length);
      console.log(reader.atEof(), await openStdin() === reader);
    });
    `,
    { input: "one\n" + "x".repeat(50_000) + "\n" },
  );
  assertEquals([stdout, stderr, code], ["3\n50000\ntrue true\n", "", 0]);
});

Deno.test("openStdin() lets the program end while its input stays open", async () => {
  const output = await talk(
    `
    import { createTask, openStdin, run, sleep, waitFor } from "asyncio";
    await run(async () => {
      const reader = await openStdin();
      console.log("first?");
      console.log(new TextDecoder().decode(await reader.readLine()).trim());
      try {
        await waitFor(() => reader.readLine(), 0.05);
      } catch (error) {
        console.log(error.name);
      }
      createTask(() => reader.readLine());
      await sleep(0);
    });
    console.log("end");
    `,
    { "first?": "one\n" },
  );
  assertEquals(output, "first?\none\nTimeoutError\nend\n");
});

Deno.test("openStdin() waits for input that is awaited again after a cancellation", async () => {
  const output = await talk(
    `
    import { openStdin, run, waitFor } from "asyncio";
    await run(async () => {
      const reader = await openStdin();
      await waitFor(() => reader.readLine(), 0.02).catch(() => {});
      console.log("ready");
      console.log(new TextDecoder().decode(await reader.readLine()).trim());
    });
    `,
    { ready: "late\n" },
  );
  assertEquals(output, "ready\nlate\n");
});

Deno.test("openStdin() loses nothing between two calls of run()", async () => {
  const output = await talk(
    `
    import { openStdin, run, waitFor } from "asyncio";
    const line = async () =>
      new TextDecoder().decode(await (await openStdin()).readLine()).trim();
    console.log("ready");
    await run(async () => console.log(await line()));
    await run(async () => console.log(await line()));
    await run(async () => {
      await waitFor(line, 0.02).catch(() => console.log("none"));
    });
    await run(async () => console.log(await line()));
    const buffer = new Uint8Array(10);
    await Deno.stdin.read(buffer);
    `,
    { ready: "one\ntwo\n", none: "three\n", three: "four\n" },
  );
  assertEquals(output, "ready\none\ntwo\nnone\nthree\n");
});

Deno.test("openStdin() works outside run() and with readInto()", async () => {
  const { stdout, code } = await runProgram(
    `
    import { openStdin } from "asyncio";
    const reader = await openStdin();
    const memory = new Uint8Array(3);
    let text = "";
    for (let n; (n = await reader.readInto(memory)) > 0;) {
      text += new TextDecoder().decode(memory.subarray(0, n));
    }
    console.log(text);
    `,
    { input: "hello" },
  );
  assertEquals([stdout, code], ["hello\n", 0]);
});
