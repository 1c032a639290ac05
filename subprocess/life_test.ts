// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertFalse, assertLess } from "@std/assert";
import { runProgram } from "../tests/doubles/program.ts";
import { gone, isThere } from "../tests/doubles/process_recorder.ts";
import { run } from "../tasks/mod.ts";
import { createSubprocessExec } from "./create_subprocess.ts";

const ignore = Deno.build.os === "windows";

/** Runs a program that is to end by itself; gives what it prints. */
function testProgram(
  name: string,
  source: string,
  check: (stdout: string) => void | Promise<void>,
): void {
  Deno.test({
    name,
    ignore,
    fn: async () => {
      const { stdout, stderr, code } = await runProgram(source);
      assertEquals({ stderr, code }, { stderr: "", code: 0 });
      await check(stdout);
    },
  });
}

testProgram(
  "A program ends that leaves processes to its loop, which kills them",
  `
    import { createSubprocessExec, createSubprocessShell, PIPE, run } from "asyncio";
    const pids = await run(async () => {
      const stubborn = "trap '' TERM INT HUP; echo ready; exec sleep 60";
      const pipes = { stdin: PIPE, stdout: PIPE };
      const one = await createSubprocessShell(stubborn, pipes);
      await one.stdout.readLine();
      const two = await createSubprocessExec("sleep", ["60"], pipes);
      two.stdin.write(new Uint8Array(10_000_000));
      const three = await createSubprocessExec("sleep", ["60"], { detached: false });
      const four = await createSubprocessExec("yes", [], pipes);
      await four.stdout.readLine();
      return [one, two, three, four].map(({ pid }) => pid);
    });
    console.log(pids.join());
  `,
  async (stdout) => {
    const pids = stdout.split(",").map(Number);
    assertEquals(pids.length, 4);
    for (const pid of pids) await gone(pid);
  },
);

testProgram(
  "A program ends that leaves detached processes, which go on",
  `
    import { createSubprocessExec, DEVNULL, PIPE, run } from "asyncio";
    const pids = await run(async () => {
      const options = { detached: true, stdin: DEVNULL, stderr: DEVNULL };
      const one = await createSubprocessExec("sleep", ["60"], { ...options, stdout: DEVNULL });
      const two = await createSubprocessExec("sleep", ["60"], { ...options, stdout: PIPE });
      const out = await Deno.open("/dev/null", { write: true });
      const three = await createSubprocessExec("sleep", ["60"], { ...options, stdout: out });
      return [one, two, three].map(({ pid }) => pid);
    });
    console.log(pids.join());
  `,
  (stdout) => {
    const pids = stdout.split(",").map(Number);
    assertEquals(pids.length, 3);
    for (const pid of pids) {
      assert(isThere(pid));
      Deno.kill(pid, "SIGKILL");
    }
  },
);

testProgram(
  "A program ends whose files take what a process puts out that it does not know",
  `
    import { createSubprocessShell, DEVNULL, run } from "asyncio";
    const path = Deno.makeTempFileSync();
    using file = Deno.openSync(path, { write: true });
    await run(async () => {
      const process = await createSubprocessShell("sleep 60 & echo $!", { stdout: file, stderr: DEVNULL });
      await process.wait();
    });
    console.log(Deno.readTextFileSync(path));
    Deno.removeSync(path);
  `,
  (stdout) => {
    const pid = Number(stdout);
    assert(isThere(pid));
    Deno.kill(pid, "SIGKILL");
  },
);

testProgram(
  "A program waits at its top level for what the default loop does with a process",
  `
    import { createSubprocessShell, PIPE } from "asyncio";
    const process = await createSubprocessShell("read -r line; echo $line", { stdin: PIPE, stdout: PIPE });
    process.communicate("hello\\n").then(([stdout]) => console.log(new TextDecoder().decode(stdout)));
  `,
  (stdout) => assertEquals(stdout, "hello\n\n"),
);

testProgram(
  "What a task is the first to start a process does not take its task along",
  `
    import { createSubprocessShell, currentTask, PIPE, run } from "asyncio";
    const http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response(String(currentTask())));
    await run(async () => {
      const process = await createSubprocessShell("cat", { stdin: PIPE, stdout: PIPE });
      await process.communicate("hello");
      console.log(await (await fetch("http://127.0.0.1:" + http.addr.port)).text());
    });
    await http.shutdown();
  `,
  (stdout) => assertEquals(stdout, "null\n"),
);

testProgram(
  "256 MiB go through a process and back in little memory",
  `
    import { createSubprocessExec, createTask, PIPE, run } from "asyncio";
    const TOTAL = 256 * 1024 * 1024;
    const sumOf = (bytes, sum) => {
      for (let i = 0; i < bytes.length; i += 997) sum = (sum * 31 + bytes[i]) | 0;
      return sum;
    };
    await run(async () => {
      const cat = await createSubprocessExec("cat", [], { stdin: PIPE, stdout: PIPE });
      const block = Uint8Array.from({ length: 1024 * 1024 }, (_, i) => i * 7);
      const before = Deno.memoryUsage().rss;
      let peak = before;
      const sending = createTask(async () => {
        for (let sent = 0; sent < TOTAL; sent += block.length) {
          cat.stdin.write(block);
          await cat.stdin.drain();
        }
        cat.stdin.close();
      });
      let isSame = true;
      const expected = sumOf(block, 0);
      for (let received = 0; received < TOTAL; received += block.length) {
        const bytes = await cat.stdout.readExactly(block.length);
        isSame &&= sumOf(bytes, 0) === expected;
        peak = Math.max(peak, Deno.memoryUsage().rss);
      }
      await sending;
      console.log(isSame, await cat.wait(), (await cat.stdout.read()).length, peak - before);
    });
  `,
  (stdout) => {
    const [isSame, code, rest, growth] = stdout.trim().split(" ");
    assertEquals([isSame, code, rest], ["true", "0", "0"]);
    assertLess(Number(growth), 160 * 1024 * 1024);
  },
);

testProgram(
  "A process that nobody reads from takes little memory",
  `
    import { createSubprocessExec, PIPE, run, sleep } from "asyncio";
    await run(async () => {
      await using yes = await createSubprocessExec("yes", [], { stdout: PIPE });
      await yes.stdout.readLine();
      const before = Deno.memoryUsage().rss;
      for (let i = 0; i < 2000; i++) await sleep(0);
      // What has come is there at once.
      console.log((await yes.stdout.read(100_000_000)).length, Deno.memoryUsage().rss - before);
    });
  `,
  (stdout) => {
    const [length, growth] = stdout.trim().split(" ").map(Number);
    assertLess(length!, 4 * 65536);
    assertLess(growth!, 32 * 1024 * 1024);
  },
);

Deno.test({
  name: "run() ends when the processes that it killed have ended",
  ignore,
  fn: async () => {
    for (let i = 0; i < 10; i++) {
      const { pid } = await run(() => createSubprocessExec("sleep", ["60"]));
      assertFalse(isThere(pid));
    }
  },
});
