// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { withDirectory } from "../../tests/doubles/directory.ts";

const LIBRARY = new URL("../../mod.ts", import.meta.url).href;

/** Runs a program with the given permissions only. */
async function runWith(
  permissions: string[],
  files: Record<string, string>,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const decoder = new TextDecoder();
  let result: Deno.CommandOutput | undefined;
  await withDirectory(async (directory) => {
    for (const [name, source] of Object.entries(files)) {
      await Deno.writeTextFile(
        `${directory}/${name}`,
        source.replaceAll('"asyncio"', JSON.stringify(LIBRARY)),
      );
    }
    result = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", ...permissions, "main.ts"],
      cwd: directory,
      env: { NO_COLOR: "1" },
    }).output();
  });
  return {
    code: result!.code,
    stdout: decoder.decode(result!.stdout),
    stderr: decoder.decode(result!.stderr),
  };
}

Deno.test("WorkerExecutor runs self-contained functions without any permission", async () => {
  assertEquals(
    await runWith([], {
      "main.ts": `
        import { run, toThread } from "asyncio";
        await run(async () => {
          console.log(await toThread((n: number) => n * 2, [21]));
          try {
            await toThread(() => Deno.readTextFile("main.ts"));
          } catch (error) {
            console.log(error instanceof Deno.errors.NotCapable);
          }
        });`,
    }),
    { code: 0, stdout: "42\ntrue\n", stderr: "" },
  );
});

const MODULE_PROGRAM = {
  "jobs.ts": "export const crunch = (n: number) => n * 2;",
  "main.ts": `
    import { run, WorkerExecutor } from "asyncio";
    await run(async () => {
      await using pool = new WorkerExecutor<typeof import("./jobs.ts")>(
        new URL("./jobs.ts", import.meta.url),
      );
      try {
        console.log(await pool.submit("crunch", 21));
      } catch (error) {
        console.log(String(error));
      }
    });`,
};

Deno.test("WorkerExecutor needs read permission for a local module", async () => {
  assertEquals(
    await runWith(["--allow-read=."], MODULE_PROGRAM),
    { code: 0, stdout: "42\n", stderr: "" },
  );
  const { code, stdout, stderr } = await runWith([], MODULE_PROGRAM);
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "Cannot load the module of the executor");
  assertStringIncludes(stdout, "--allow-read");
});

Deno.test("WorkerExecutor does not keep the program alive when idle", async () => {
  assertEquals(
    await runWith([], {
      "main.ts": `
        import { toThread, WorkerExecutor } from "asyncio";
        const pool = new WorkerExecutor({ maxWorkers: 2 });
        await Promise.all([1, 2, 3, 4].map((n) => pool.submit((n) => n, n)));
        console.log(await pool.submit(() => self.name.slice(0, 7)));
        console.log(await toThread(() => "default"));`,
    }),
    { code: 0, stdout: "asyncio\ndefault\n", stderr: "" },
  );
});

Deno.test("WorkerExecutor keeps the program alive while it runs jobs, even after a pause", async () => {
  assertEquals(
    await runWith([], {
      "main.ts": `
        import { WorkerExecutor } from "asyncio";
        const pool = new WorkerExecutor({ maxWorkers: 1 });
        const job = () => new Promise((resolve) => setTimeout(resolve, 20, "done"));
        await pool.submit(job);
        setTimeout(() => {
          pool.submit(job).then(console.log);
          pool.submit(job).then(console.log);
        });`,
    }),
    { code: 0, stdout: "done\ndone\n", stderr: "" },
  );
});

Deno.test("WorkerExecutor keeps the program alive for a job whose caller has ended", async () => {
  assertEquals(
    await runWith([], {
      "main.ts": `
        import { WorkerExecutor } from "asyncio";
        const pool = new WorkerExecutor();
        const begun = Promise.withResolvers<void>();
        const job = pool.submit(async (begun: () => unknown) => {
          await begun();
          await new Promise((resolve) => setTimeout(resolve, 20));
          console.log("ended");
        }, () => begun.resolve());
        await begun.promise;
        job.cancel();
        console.log("cancelled");`,
    }),
    { code: 0, stdout: "cancelled\nended\n", stderr: "" },
  );
});

Deno.test("WorkerExecutor terminates idle workers that would keep the program alive", async () => {
  assertEquals(
    await runWith([], {
      "hide.ts": `
        for (const symbol of Object.getOwnPropertySymbols(Worker.prototype)) {
          Reflect.deleteProperty(Worker.prototype, symbol);
        }`,
      "main.ts": `
        import "./hide.ts";
        import { gather, run, WorkerExecutor } from "asyncio";
        const pool = new WorkerExecutor({ maxWorkers: 2 });
        await run(async () => {
          const job = (n: number) => n;
          console.log(await gather([1, 2, 3, 4, 5].map((n) => pool.submit(job, n))));
          const name = await pool.submit(() => self.name);
          console.log(name === await pool.submit(() => self.name));
        });`,
    }),
    { code: 0, stdout: "[ 1, 2, 3, 4, 5 ]\nfalse\n", stderr: "" },
  );
});

Deno.test("WorkerExecutor prints both stacks of an uncaught error of a job", async () => {
  const { code, stderr } = await runWith([], {
    "main.ts": `
      import { run, toThread } from "asyncio";
      await run(() => toThread(function failing() {
        throw new RangeError("in the job");
      }));`,
  });
  assertEquals(code, 1);
  assertStringIncludes(stderr, "RangeError: in the job");
  assertStringIncludes(stderr, "at failing (asyncio:failing");
  assertStringIncludes(stderr, "at <worker asyncio_0>");
  assertStringIncludes(stderr, "main.ts:3");
});

Deno.test("WorkerExecutor does not print the errors of a worker that breaks", async () => {
  assertEquals(
    await runWith([], {
      "main.ts": `
        import { run, toThread } from "asyncio";
        await run(async () => {
          for (const die of [
            () => Deno.exit(3),
            () => new Promise(() => setTimeout(() => { throw new Error("late"); })),
            () => { Promise.reject(new Error("left")); return new Promise(() => {}); },
          ]) {
            await toThread(die as () => unknown).catch((error) => console.log(error.name));
          }
        });`,
    }),
    { code: 0, stdout: "BrokenExecutor\n".repeat(3), stderr: "" },
  );
});
