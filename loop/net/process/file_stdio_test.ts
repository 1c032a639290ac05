// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertLess,
  assertStrictEquals,
} from "@std/assert";
import {
  createSubprocessExec,
  createSubprocessShell,
  createTask,
  DEVNULL,
  Future,
  getRunningLoop,
  newEventLoop,
  PIPE,
  run,
  sleep,
  STDOUT,
} from "../../../mod.ts";
import { withDirectory } from "../../../tests/doubles/directory.ts";
import { recordExceptions } from "../../../tests/doubles/exceptions.ts";
import { positionOf, withFile } from "../../../tests/doubles/file.ts";
import { gone } from "../../../tests/doubles/process_recorder.ts";
import { turns } from "../../../tests/doubles/recorder.ts";
import { textOf } from "../../../tests/doubles/text.ts";
import { DENO_HOST } from "../../core/host.ts";
import { Scheduler, schedulerOf } from "../../core/scheduler.ts";

const ignore = Deno.build.os === "windows";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore, fn });
}

/** Calls a function with a writable file and its path. */
async function withOutput(
  use: (file: Deno.FsFile, path: string) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const path = `${directory}/output`;
    using file = await Deno.open(path, { create: true, write: true });
    await use(file, path);
  });
}

const BIG = 5_000_000;

test("SubprocessOptions.stdin as a file is read to its end", () =>
  run(async () => {
    for (const size of [0, 1, BIG]) {
      await withFile(new Uint8Array(size), async (file) => {
        const process = await createSubprocessExec("wc", ["-c"], {
          stdin: file,
          stdout: PIPE,
        });
        assertEquals(process.stdin, null);
        const [stdout] = await process.communicate();
        assertEquals(textOf(stdout!).trim(), `${size}`);
        assertEquals(positionOf(file), size);
      });
    }
  }));

test("SubprocessOptions.stdin as a file starts at its position", () =>
  run(() =>
    withFile("hello", async (file) => {
      await file.seek(2, Deno.SeekMode.Start);
      const process = await createSubprocessExec("cat", [], {
        stdin: file,
        stdout: PIPE,
      });
      assertEquals(textOf((await process.communicate())[0]!), "llo");
    })
  ));

test("SubprocessOptions.stdin as a file need not be read to its end", () =>
  run(async () => {
    const contexts = recordExceptions(getRunningLoop());
    for (const command of ["exit 0", "head -c 10 >/dev/null", "exec <&-"]) {
      await withFile(new Uint8Array(BIG), async (file) => {
        const process = await createSubprocessShell(command, { stdin: file });
        assertEquals(await process.wait(), 0);
        await turns();
        // It stays open, as the caller owns it.
        assert((await file.stat()).isFile);
      });
    }
    assertEquals(contexts, []);
  }));

test("SubprocessOptions.stdin as an unreadable file is reported and ends the input", () =>
  run(async () => {
    const contexts = recordExceptions(getRunningLoop());
    await withOutput(async (file) => {
      const process = await createSubprocessExec("cat", [], {
        stdin: file,
        stdout: PIPE,
      });
      assertEquals(textOf((await process.communicate())[0]!), "");
      assertEquals(contexts.map(({ message }) => message), [
        "Cannot read or write the file of a process",
      ]);
      assertInstanceOf(contexts[0]!.exception, Error);
    });
  }));

test("SubprocessOptions.stdin as a closed file is reported and ends the input", () =>
  run(async () => {
    const contexts = recordExceptions(getRunningLoop());
    await withFile("hello", async (original) => {
      const file = await Deno.open("/dev/null");
      file.close();
      const process = await createSubprocessExec("cat", [], {
        stdin: file,
        stdout: PIPE,
      });
      assertEquals(textOf((await process.communicate())[0]!), "");
      assertInstanceOf(contexts[0]?.exception, Deno.errors.BadResource);
      assertEquals(contexts.length, 1);
      assertEquals(positionOf(original), 0);
    });
  }));

test("SubprocessOptions.stdout as a file is complete when wait() resolves", () =>
  run(async () => {
    for (let i = 0; i < 20; i++) {
      await withOutput(async (file, path) => {
        const process = await createSubprocessExec("head", [
          "-c",
          `${i * 100_000}`,
          "/dev/zero",
        ], { stdout: file });
        assertEquals(process.stdout, null);
        assertEquals(await process.wait(), 0);
        assertEquals((await Deno.stat(path)).size, i * 100_000);
        assertEquals(positionOf(file), i * 100_000);
      });
    }
  }));

test("SubprocessOptions.stdout as a file does not delay wait() for child processes", () =>
  run(async () => {
    for (let i = 0; i < 20; i++) {
      await withOutput(async (file, path) => {
        const command = `
          (while [ ! -e ${path}.go ]; do sleep 0.01; done; echo late) &
          head -c ${i * 50_000} /dev/zero
          echo early
        `;
        const process = await createSubprocessShell(command, { stdout: file });
        assertEquals(await process.wait(), 0);
        const early = "\0".repeat(i * 50_000) + "early\n";
        assertStrictEquals(await Deno.readTextFile(path), early);
        await Deno.writeTextFile(`${path}.go`, "");
        const { resources } = schedulerOf(getRunningLoop());
        while (resources.size > 0) await turns();
        assertStrictEquals(await Deno.readTextFile(path), early + "late\n");
      });
    }
  }));

test("SubprocessOptions.stdout and stderr may be the same file", () =>
  run(() =>
    withOutput(async (file, path) => {
      const command =
        "for i in 1 2 3 4 5 6 7 8; do echo out; echo err >&2; done";
      const process = await createSubprocessShell(command, {
        stdout: file,
        stderr: file,
      });
      await process.wait();
      const lines = (await Deno.readTextFile(path)).split("\n");
      assertEquals(lines.filter((line) => line === "out").length, 8);
      assertEquals(lines.filter((line) => line === "err").length, 8);
    })
  ));

test("SubprocessOptions.stderr as STDOUT keeps the order in a file", () =>
  run(async () => {
    const script = "for i in 1 2 3; do echo out $i; echo err $i >&2; done";
    const expected = "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n";
    await withOutput(async (file, path) => {
      const options = { stdout: file, stderr: STDOUT } as const;
      const process = await createSubprocessShell(script, options);
      await process.wait();
      assertEquals(await Deno.readTextFile(path), expected);
      const other = await createSubprocessExec("sh", ["-c", script], options);
      await other.wait();
      assertEquals(await Deno.readTextFile(path), expected + expected);
    });
  }));

test("SubprocessOptions.stdout as an unwritable file is reported and causes SIGPIPE", () =>
  run(() =>
    withFile("", async (file) => {
      const contexts = recordExceptions(getRunningLoop());
      const process = await createSubprocessExec("yes", [], {
        stdout: file,
        stderr: DEVNULL,
      });
      const code = await process.wait();
      // Deno has its children ignore the signal, or not.
      assert(code === -13 || code === 1, `${code}`);
      assertEquals(contexts.map(({ message }) => message), [
        "Cannot read or write the file of a process",
      ]);
      assertEquals(positionOf(file), 0);
    })
  ));

test("SubprocessOptions.stdout as a file that gets closed is reported", () =>
  run(async () => {
    const contexts = recordExceptions(getRunningLoop());
    await withDirectory(async (directory) => {
      const path = `${directory}/output`;
      const file = await Deno.open(path, { create: true, write: true });
      const process = await createSubprocessShell("read -r line; exec yes", {
        stdin: PIPE,
        stdout: file,
        stderr: DEVNULL,
      });
      file.close();
      process.stdin!.write("\n");
      await process.wait();
      assertInstanceOf(contexts[0]?.exception, Deno.errors.BadResource);
      assertEquals(contexts.length, 1);
    });
  }));

test("SubprocessOptions.stdout as a file delays wait() for data in the pipe", () =>
  run(() =>
    withOutput(async (file, path) => {
      const process = await createSubprocessShell(
        `head -c 50000 /dev/zero; : >${path}.over`,
        { stdout: file },
      );
      // In the meantime, nothing is read or reported.
      while (!existsSync(`${path}.over`));
      await process.wait();
      assertEquals((await Deno.stat(path)).size, 50_000);
    })
  ));

test("SubprocessOptions.stdout as a slow file delays wait() without polling", async () => {
  let turnCount = 0;
  const { loop } = new Scheduler({
    ...DENO_HOST,
    macrotask(callback, afterIo) {
      if (afterIo) turnCount++;
      DENO_HOST.macrotask(callback, afterIo);
    },
  });
  await loop.runUntilComplete(() =>
    withOutput(async (file, path) => {
      const begun = new Future<void>();
      const gate = Promise.withResolvers<void>();
      const write = file.write.bind(file);
      file.write = async (data) => {
        if (!begun.done()) begun.setResult();
        await gate.promise;
        return await write(data.subarray(0, 10_000));
      };
      const process = await createSubprocessShell(
        `head -c 50000 /dev/zero; : >${path}.over; exec sleep 60`,
        { stdout: file },
      );
      await begun;
      while (!existsSync(`${path}.over`)) await turns();
      process.kill();
      await gone(process.pid);
      const task = createTask(() => process.wait());
      await turns();
      turnCount = 0;
      await sleep(0.05);
      assert(!task.done());
      assertLess(turnCount, 10);
      gate.resolve();
      assertEquals(await task, -9);
      assertEquals((await Deno.stat(path)).size, 50_000);
    })
  );
  loop.close();
});

test("Process is disposed of although a child process holds its output file", () =>
  run(() =>
    withOutput(async (file, path) => {
      {
        await using process = await createSubprocessShell(
          "sleep 60 & echo $!; echo >&2; exec sleep 60",
          { stdout: file, stderr: PIPE },
        );
        await process.stderr!.readLine();
      }
      const pid = Number(await Deno.readTextFile(path));
      assert(pid > 0);
      const { resources } = schedulerOf(getRunningLoop());
      while (resources.size > 0) await turns();
      Deno.kill(pid, "SIGKILL");
    })
  ));

test("loop.close() completes the output file of a process and releases it", async () => {
  await withOutput(async (file, path) => {
    const loop = newEventLoop();
    const pid = await loop.runUntilComplete(async () => {
      const process = await createSubprocessShell(
        `sleep 0.05; echo before; : >${path}.over; exec cat`,
        { stdin: PIPE, stdout: file },
      );
      return process.pid;
    });
    // Nothing is read in the meantime.
    while (!existsSync(`${path}.over`));
    loop.close();
    await gone(pid);
    while ((await Deno.readTextFile(path)) === "") await turns();
    assertStrictEquals(await Deno.readTextFile(path), "before\n");
  });
});

function existsSync(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
