// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  createSubprocessExec,
  type CreateSubprocessOptions,
  createSubprocessShell,
  createTask,
  DEVNULL,
  gather,
  getRunningLoop,
  PIPE,
  type Process,
  run,
  RuntimeError,
  Semaphore,
  sleep,
  timeout,
  TimeoutError,
  waitFor,
} from "../mod.ts";
import { recordExceptions } from "../tests/doubles/exceptions.ts";
import { isThere } from "../tests/doubles/process_recorder.ts";
import { turns } from "../tests/doubles/recorder.ts";
import { untilNothingHeld } from "../tests/doubles/resources.ts";
import { bytesOf, textOf } from "../tests/doubles/text.ts";

const ignore = Deno.build.os === "windows";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore, fn });
}

/** Starts a program with a pipe for each of its standard streams. */
async function start(
  program: string,
  args: string[] = [],
  options: CreateSubprocessOptions = {},
): Promise<Process> {
  return await createSubprocessExec(program, args, {
    stdin: PIPE,
    stdout: PIPE,
    stderr: PIPE,
    ...options,
  });
}

/** Starts a command of the shell in the same way. */
async function shell(
  command: string,
  options: CreateSubprocessOptions = {},
): Promise<Process> {
  return await start("sh", ["-c", command], options);
}

const BIG = 10_000_000;

/** Bytes that are not all the same. */
function bigInput(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(BIG).map((_, i) => i * 7);
}

test("Process.stdin and Process.stdout carry a dialogue", () =>
  run(async () => {
    const cat = await start("cat");
    for (const line of ["one\n", "two\n"]) {
      cat.stdin!.write(line);
      await cat.stdin!.drain();
      assertEquals(textOf(await cat.stdout!.readLine()), line);
    }
    cat.stdin!.close();
    await cat.stdin!.waitClosed();
    assertEquals(await cat.stdout!.read(), new Uint8Array(0));
    assertEquals(await cat.wait(), 0);
    await untilNothingHeld();
  }));

test("Process has no stream where there is no pipe", () =>
  run(async () => {
    const process = await createSubprocessExec("true", [], { stderr: DEVNULL });
    const { stdin, stdout, stderr } = process;
    assertEquals([stdin, stdout, stderr], [null, null, null]);
    assertEquals(await process.communicate(), [null, null]);
    assertEquals(`${process}`, `<Process ${process.pid}>`);
  }));

test("Process.wait() gives the exit code to all waiters, and afterwards", () =>
  run(async () => {
    const process = await shell("read -r line; exit 7");
    assertEquals(process.returnCode, null);
    const waiting = [process.wait(), createTask(() => process.wait())];
    const cancelled = createTask(() => process.wait());
    await turns();
    cancelled.cancel();
    await assertRejects(() => cancelled, CancelledError);
    process.stdin!.write("\n");
    assertEquals(await Promise.all(waiting), [7, 7]);
    assertEquals(await process.wait(), 7);
    assertEquals(process.returnCode, 7);
    const task = createTask(() => process.wait());
    await sleep(0);
    assertEquals(task.result(), 7);
    await untilNothingHeld();
  }));

test("Process.wait() cancelled leaves the process as it is", () =>
  run(async () => {
    const process = await start("cat");
    const task = createTask(() => process.wait());
    getRunningLoop().callSoon(() => task.cancel());
    await assertRejects(() => task, CancelledError);
    await assertRejects(
      () => waitFor(() => process.wait(), 0.001),
      TimeoutError,
    );
    assert(isThere(process.pid));
    const [stdout] = await process.communicate("hello");
    assertEquals(textOf(stdout!), "hello");
    assertEquals(process.returnCode, 0);
  }));

test("Process.wait() does not wait for another process that has the pipes", () =>
  run(async () => {
    const process = await shell("sleep 60 & echo $!; exit 3", { stdin: null });
    const pid = Number(textOf(await process.stdout!.readLine()));
    assertEquals(await process.wait(), 3);
    const reading = createTask(() => process.stdout!.read());
    await turns();
    assert(!reading.done());
    Deno.kill(pid, "SIGKILL");
    assertEquals((await reading).length, 0);
    await untilNothingHeld();
  }));

test("Process.returnCode is negative for a signal", () =>
  run(async () => {
    for (const signal of [1, 9, 15]) {
      const process = await shell(`kill -${signal} $$`);
      assertEquals(await process.wait(), -signal);
    }
    for (const code of [0, 1, 127, 128, 137, 255]) {
      const process = await createSubprocessShell(`exit ${code}`);
      assertEquals(await process.wait(), code);
    }
  }));

Deno.test({
  name: "Process.returnCode is negative also for a signal without a name",
  ignore: Deno.build.os !== "linux",
  // Deno itself forgets to let go of such a process.
  sanitizeResources: false,
  fn: () =>
    run(async () => {
      for (const signal of [34, 40, 64]) {
        const process = await shell(`kill -${signal} $$`);
        assertEquals(await process.wait(), -signal);
        assertThrows(() => process.kill(), Deno.errors.NotFound);
        await untilNothingHeld();
      }
    }),
});

test("Process.communicate() sends nothing, a string or bytes", () =>
  run(async () => {
    const inputs: [Uint8Array | string | null | undefined, string][] = [
      [undefined, ""],
      [null, ""],
      ["", ""],
      ["häl\n", "häl\n"],
      [bytesOf("bytes"), "bytes"],
    ];
    for (const [input, expected] of inputs) {
      const process = await start("cat");
      const [stdout, stderr] = await process.communicate(input);
      assertEquals([textOf(stdout!), textOf(stderr!)], [expected, ""]);
      assertEquals(process.returnCode, 0);
    }
    await untilNothingHeld();
  }));

test("Process.communicate() sends much, and reads as much at the same time", () =>
  run(async () => {
    const input = bigInput();
    const process = await start("sh", ["-c", "tee /dev/stderr"]);
    const [stdout, stderr] = await process.communicate(input);
    // Slow to compare by assertEquals(), and to print.
    for (const output of [stdout!, stderr!]) {
      assertEquals(output.length, input.length);
      assert(output.every((byte, i) => byte === input[i]));
    }
    assert(input.every((byte, i) => byte === (i * 7) % 256));
  }));

test("Process.communicate() is content with a process that does not read, or not all", () =>
  run(async () => {
    const commands: [command: string, output: string][] = [
      ["exit 3", ""],
      ["exec <&-; echo closed; exit 3", "closed\n"],
      ["head -c 5; exit 3", "00000"],
      ["exec >&-; cat >/dev/null; exit 3", ""],
    ];
    for (const [command, output] of commands) {
      const process = await shell(command);
      const [stdout] = await process.communicate("0".repeat(BIG));
      assertEquals([textOf(stdout!), process.returnCode], [output, 3]);
    }
    await untilNothingHeld();
  }));

test("Process.communicate() waits for a process that closes its outputs, and lives on", () =>
  run(async () => {
    const process = await shell("exec >&- 2>&-; read -r line; exit 4", {
      stdin: PIPE,
    });
    const task = createTask(() => waitForOutputs(process));
    assertEquals(await task, ["", ""]);
    assertEquals(process.returnCode, null);
    const [stdout, stderr] = await process.communicate("\n");
    assertEquals([stdout!.length, stderr!.length], [0, 0]);
    assertEquals(process.returnCode, 4);
  }));

async function waitForOutputs(process: Process): Promise<string[]> {
  return [
    textOf(await process.stdout!.read()),
    textOf(await process.stderr!.read()),
  ];
}

test("Process.communicate() refuses input where there is no pipe, and what is not input", () =>
  run(async () => {
    const process = await start("true", [], { stdin: DEVNULL });
    assertThrows(
      () => process.communicate("x"),
      TypeError,
      "The input of communicate() must be null as stdin is not a PIPE: received some",
    );
    assertThrows(
      // @ts-expect-error -- what callers from JavaScript may do
      () => process.communicate(1),
      TypeError,
      "The input must be a Uint8Array, a string or null: received 1",
    );
    await process.communicate();
  }));

test("Process.communicate() again gives nothing more, and sends nothing", () =>
  run(async () => {
    const process = await start("cat");
    assertEquals((await process.communicate("once"))[0]!.length, 4);
    for (const input of [null, "twice", "0".repeat(BIG)]) {
      const [stdout, stderr] = await process.communicate(input);
      assertEquals([stdout!.length, stderr!.length], [0, 0]);
    }
    assertEquals(process.returnCode, 0);
  }));

test("Process.communicate() of two tasks: the second is refused, the first not disturbed", () =>
  run(async () => {
    const process = await start("cat");
    const first = createTask(() => process.communicate("0".repeat(BIG)));
    await sleep(0);
    await assertRejects(() => process.communicate(), RuntimeError);
    const [stdout] = await first;
    assert(stdout!.length <= BIG);
    assertEquals(process.returnCode, 0);
    await untilNothingHeld();
  }));

test("Process.communicate() cancelled at any time loses nothing of the output", () =>
  run(async () => {
    for (let count = 0; count < 40; count++) {
      const process = await shell(
        "head -c 300000 /dev/zero; read -r line; exit 6",
      );
      const task = createTask(() => process.communicate());
      for (let i = 0; i < count; i++) await sleep(0);
      // It closes standard input, whereupon the process ends: by then it may be over.
      if (task.cancel()) await assertRejects(() => task, CancelledError);
      else await task;
      if (task.cancelled()) {
        const [stdout] = await process.communicate("\n");
        assertEquals(stdout!.length, 300_000);
      }
      assertEquals(await process.wait(), 6);
    }
    await untilNothingHeld();
  }));

test("Process.communicate() cancelled as it sends leaves standard input open", () =>
  run(async () => {
    const process = await shell("read -r line; cat >/dev/null");
    const task = createTask(() => process.communicate("0".repeat(BIG)));
    await turns();
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assertEquals(process.stdin!.isClosing(), false);
    const [stdout, stderr] = await process.communicate("\nmore");
    assertEquals([stdout!.length, stderr!.length], [0, 0]);
    assertEquals(process.returnCode, 0);
  }));

test("Process.communicate() cancelled as it waits for the exit, or for one output, loses nothing of the other", () =>
  run(async () => {
    for (const closed of [">&- 2>&-", ">&-"]) {
      const process = await shell(`echo out; exec ${closed}; exec sleep 60`);
      const task = createTask(() => process.communicate());
      while (!process.stdout!.atEof()) await turns();
      await turns();
      task.cancel();
      await assertRejects(() => task, CancelledError);
      process.kill();
      assertEquals(textOf((await process.communicate())[0]!), "out\n");
      assertEquals((await process.communicate())[0]!.length, 0);
    }
  }));

test("Process.sendSignal(), terminate() and kill() end a process", () =>
  run(async () => {
    const ways: [(process: Process) => void, number][] = [
      [(process) => process.sendSignal("SIGHUP"), -1],
      [(process) => process.sendSignal("SIGINT"), -2],
      [(process) => process.terminate(), -15],
      [(process) => process.kill(), -9],
    ];
    for (const [end, code] of ways) {
      const process = await start("cat");
      end(process);
      assertEquals(await process.wait(), code);
      const error = assertThrows(() => end(process), Deno.errors.NotFound);
      assert(error.message.includes(`${process.pid}`));
    }
    await untilNothingHeld();
  }));

test("Process.terminate() does not end a process that ignores it; kill() does", () =>
  run(async () => {
    const process = await shell("trap '' TERM; echo ready; cat");
    await process.stdout!.readLine();
    process.terminate();
    await assertRejects(
      () => waitFor(() => process.wait(), 0.01),
      TimeoutError,
    );
    process.kill();
    assertEquals(await process.wait(), -9);
  }));

test("Process.sendSignal() reaches a process that handles the signal", () =>
  run(async () => {
    const process = await shell(
      "trap 'echo got it; exit 5' USR1; echo ready; while :; do sleep 0.01; done",
    );
    await process.stdout!.readLine();
    process.sendSignal("SIGUSR1");
    assertEquals(textOf((await process.communicate())[0]!), "got it\n");
    assertEquals(process.returnCode, 5);
  }));

test("Process.sendSignal() is without effect on a process whose end is not known yet", () =>
  run(async () => {
    for (let i = 0; i < 20; i++) {
      const process = await start("true");
      while (process.returnCode === null) {
        process.sendSignal("SIGCONT");
        await sleep(0);
      }
      assertEquals(process.returnCode, 0);
    }
  }));

test("Process.stdout has a process wait that puts out more than is read", () =>
  run(async () => {
    await using process = await start("yes", [], { limit: 1000 });
    assertEquals(textOf(await process.stdout!.readLine()), "y\n");
    await turns();
    const transport = process.stdout!;
    let total = 0;
    // What is read at once is what was buffered.
    for (let i = 0; i < 10; i++) {
      const { length } = await transport.read(10_000_000);
      assert(length <= 2 * 65536 + 2000, `${length}`);
      total += length;
      await turns();
    }
    assert(total > 0);
  }));

test("Process.stdout keeps to its limit", () =>
  run(async () => {
    const process = await shell("echo short; echo 0123456789", { limit: 8 });
    assertEquals(textOf(await process.stdout!.readLine()), "short\n");
    await assertRejects(() => process.stdout!.readLine(), RangeError);
    process.stdin!.close();
    await process.wait();
    for (const limit of [0, -1, NaN]) {
      await assertRejects(() => start("true", [], { limit }), RangeError);
    }
    await untilNothingHeld();
  }));

test("Process.stdin.drain() waits for a process that does not read, until it does", () =>
  run(async () => {
    const process = await shell(
      "trap 'cat >/dev/null; exit 2' USR1; echo; while :; do sleep 0.01; done",
    );
    await process.stdout!.readLine();
    process.stdin!.write(bigInput());
    const drained = createTask(() => process.stdin!.drain());
    await turns();
    assert(!drained.done());
    process.sendSignal("SIGUSR1");
    await drained;
    process.stdin!.close();
    assertEquals(await process.wait(), 2);
  }));

test("Process.stdin.drain() fails when the process ends that does not read", () =>
  run(async () => {
    const process = await start("sleep", ["60"]);
    process.stdin!.write(bigInput());
    const drained = createTask(() => process.stdin!.drain());
    await turns();
    process.kill();
    await assertRejects(() => drained, Deno.errors.BrokenPipe);
    await assertRejects(
      () => process.stdin!.waitClosed(),
      Deno.errors.BrokenPipe,
    );
    await assertRejects(
      () => Promise.resolve(process.stdin!.drain()),
      Deno.errors.ConnectionReset,
    );
    assertEquals(await process.wait(), -9);
    await untilNothingHeld();
  }));

test("Process.stdin is closed by the end of the process", () =>
  run(async () => {
    const process = await start("true");
    await process.stdin!.waitClosed();
    assertEquals(process.returnCode, 0);
    assertEquals(process.stdin!.isClosing(), true);
  }));

test("Process.stdout can be read after the exit", () =>
  run(async () => {
    const process = await shell("head -c 50000 /dev/zero; exit 1");
    assertEquals(await process.wait(), 1);
    let length = 0;
    for (let n; (n = (await process.stdout!.read(4096)).length) > 0;) {
      length += n;
      await turns();
    }
    assertEquals(length, 50_000);
  }));

test("Process ends with the block of await using", () =>
  run(async () => {
    const commands = [
      "exec cat",
      "trap '' TERM INT HUP; echo ready; while :; do sleep 60; done",
      "exec yes",
      "exec >&- 2>&-; exec cat",
      "exit 0",
    ];
    for (const command of commands) {
      const processes: Process[] = [];
      {
        await using process = await shell(command);
        processes.push(process);
        if (command.includes("ready")) await process.stdout!.readLine();
      }
      const [process] = processes;
      assert(process!.returnCode !== null);
      assert(!isThere(process!.pid));
      await untilNothingHeld();
    }
  }));

test("Process ends with the block of await using, whatever was to be written", () =>
  run(async () => {
    let stdin;
    {
      await using process = await start("sleep", ["60"]);
      stdin = process.stdin!;
      stdin.write(bigInput());
      await turns();
    }
    // Cut off, which is not an error.
    await stdin.waitClosed();
    await untilNothingHeld();
  }));

test("Process ends with the block of await using though another one has its pipes", () =>
  run(async () => {
    let pid;
    {
      await using process = await shell(
        "exec 3<&0; sleep 60 <&3 & echo $!; exec sleep 60",
      );
      pid = Number(textOf(await process.stdout!.readLine()));
    }
    await untilNothingHeld();
    assert(isThere(pid));
    Deno.kill(pid, "SIGKILL");
  }));

test("Process ends with the block of await using when that is cancelled, or throws", () =>
  run(async () => {
    let process!: Process;
    const task = createTask(async () => {
      await using cat = await start("cat");
      process = cat;
      await cat.stdout!.read();
    });
    while (process === undefined) await sleep(0);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    assertEquals(process.returnCode, -9);
    const error = new Error("boom");
    const thrown = await assertRejects(async () => {
      await using cat = await start("cat");
      process = cat;
      throw error;
    });
    assertStrictEquals(thrown, error);
    assertEquals(process.returnCode, -9);
    await untilNothingHeld();
  }));

test("Process[Symbol.asyncDispose]() cancelled, or called again, has ended the process all the same", () =>
  run(async () => {
    const process = await start("cat");
    const task = createTask(() => process[Symbol.asyncDispose]());
    await sleep(0);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    await process[Symbol.asyncDispose]();
    assertEquals(process.returnCode, -9);
    await process[Symbol.asyncDispose]();
    await untilNothingHeld();
  }));

test("createSubprocessExec() outside run() starts a process on the default loop", async () => {
  const process = await start("cat");
  const [stdout] = await process.communicate("hello");
  assertEquals(textOf(stdout!), "hello");
  await using other = await start("cat");
  assertEquals(other.returnCode, null);
});

test("200 processes, 16 at a time, leave nothing", () =>
  run(async () => {
    const semaphore = new Semaphore(16);
    const codes = await gather(
      Array.from({ length: 200 }, (_, i) => async () => {
        using _ = await semaphore.acquire();
        const process = await shell(`read -r n; echo $n; exit ${i % 100}`);
        const [stdout] = await process.communicate(`${i}\n`);
        assertEquals(textOf(stdout!), `${i}\n`);
        return process.returnCode;
      }),
    );
    assertEquals(codes, Array.from({ length: 200 }, (_, i) => i % 100));
    await untilNothingHeld();
    const ps = await createSubprocessShell(
      `ps -o stat= --ppid ${Deno.pid} 2>/dev/null | grep -c Z`,
      { stdout: PIPE },
    );
    assertEquals(textOf((await ps.communicate())[0]!), "0\n");
  }));

/** The operations that may be pending when a task is cancelled. */
const BODIES: Record<string, () => Promise<unknown>> = {
  async communicate() {
    await using process = await start("cat");
    await process.communicate("0".repeat(200_000));
  },
  async wait() {
    await using process = await createSubprocessShell("exit 0");
    await process.wait();
  },
  async dialogue() {
    await using process = await start("cat");
    for (let i = 0; i < 5; i++) {
      process.stdin!.write("line\n");
      await process.stdin!.drain();
      await process.stdout!.readLine();
    }
    process.stdin!.close();
    await process.stdin!.waitClosed();
  },
  async end() {
    await using process = await start("sleep", ["60"]);
    process.stdin!.write("0".repeat(200_000));
    process.terminate();
    await process.wait();
  },
};

for (const [name, body] of Object.entries(BODIES)) {
  test(`Process: ${name} cancelled at any time leaves nothing`, () =>
    run(async () => {
      const contexts = recordExceptions(getRunningLoop());
      let isOver = false;
      for (let count = 0; !isOver && count < 200; count++) {
        const task = createTask(body);
        for (let i = 0; i < count; i++) await sleep(0);
        isOver = !task.cancel();
        await gather([task], { returnExceptions: true });
        assertEquals(task.cancelled(), !isOver);
        await untilNothingHeld();
      }
      for (let i = 0; i < 20; i++) {
        const task = createTask(body);
        await sleep(Math.random() * 0.01);
        task.cancel();
        await gather([task], { returnExceptions: true });
        await untilNothingHeld();
      }
      assertEquals(contexts, []);
    }));
}

test("timeout() around a process that does not end", () =>
  run(async () => {
    await assertRejects(
      () =>
        timeout(0.01, async () => {
          await using process = await start("sleep", ["60"]);
          await process.communicate();
        }),
      TimeoutError,
    );
    await untilNothingHeld();
  }));
