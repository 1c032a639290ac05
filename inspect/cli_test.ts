// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { createTask, currentTask, run, sleep } from "../tasks/mod.ts";
import { replyIn } from "./_client.ts";
import { inspect } from "./mod.ts";

const VIEWER = new URL("./mod.ts", import.meta.url).href;

/** Runs the viewer, and returns what it prints. */
async function view(
  ...args: string[]
): Promise<{ out: string; err: string; code: number }> {
  const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", VIEWER, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { out: decoder.decode(stdout), err: decoder.decode(stderr), code };
}

/** Runs one of the examples while `body` looks at it. */
async function withExample(
  name: string,
  body: (path: string) => Promise<unknown>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/program.sock`;
  const program = new URL(`../examples/inspect/${name}.ts`, import.meta.url);
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", program.href, path],
    stdout: "piped",
  }).spawn();
  try {
    const output = process.stdout.getReader();
    await output.read();
    output.releaseLock();
    await body(path);
  } finally {
    process.kill("SIGKILL");
    await process.stdout.cancel();
    await process.status;
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("inspect lists the programs of this user", async () => {
  await using inspector = await inspect();
  await run(async () => {
    const { out } = await view();
    assertMatch(out, /^PID +RUNS FOR +TASKS +PROGRAM +SOCKET\n/);
    const line = out.split("\n").find((each) =>
      each.startsWith(`${Deno.pid} `)
    );
    assertStringIncludes(line!, inspector.path);
    const { out: json } = await view("list", "--json");
    assert(
      JSON.parse(json).some((each: { path: string }) =>
        each.path === inspector.path
      ),
    );
  });
});

Deno.test("inspect ps shows tasks as a table, by the process id, as text and JSON", () =>
  run(async () => {
    currentTask()!.setName("main");
    await using _ = await inspect();
    const task = createTask(async function work() {
      await sleep(60);
    }, { name: "worker\x1b[31m" });
    await sleep(0);
    const { out, err } = await view("ps", String(Deno.pid));
    assertEquals(err, "");
    const lines = out.trim().split("\n");
    assertMatch(lines[0]!, /\(\d+\): 2 tasks: 1 waiting, 1 outside$/);
    assertMatch(lines[2]!, /^TASK +STATE +FOR +WAITS FOR +WHERE$/);
    assertMatch(lines[3]!, /^main +outside /);
    assertMatch(
      lines[4]!,
      /^worker\\u\{1b\}\[31m +waiting +[\d.]+ s +sleep\(\), \d+ s left +work\(\)$/,
    );
    const json = JSON.parse((await view("ps", String(Deno.pid), "--json")).out);
    assertEquals(json.version, 1);
    assertEquals(json.tasks.length, 2);
    task.cancel();
  }));

Deno.test("inspect ps --sites shows where tasks wait", () =>
  run(async () => {
    await using _ = await inspect();
    async function tick() {
      while (true) await sleep(0.05);
    }
    const task = createTask(tick, { name: "ticking" });
    const { out } = await view("ps", String(Deno.pid), "--sites", "0.3");
    assertMatch(out, /\nticking .* tick \(cli_test\.ts:\d+\)\n/);
    task.cancel();
  }));

Deno.test("inspect lists a program that computes, which holds up no other", async () => {
  await using inspector = await inspect();
  const program = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `import { inspect } from ${JSON.stringify(VIEWER)};
       console.log((await inspect()).path);
       await new Promise((resolve) => setTimeout(resolve, 0));
       while (true);`,
    ],
    stdout: "piped",
  }).spawn();
  try {
    const output = program.stdout.getReader();
    await output.read();
    output.releaseLock();
    const { out } = await view();
    assertMatch(out, RegExp(`^${program.pid} +does not answer`, "m"));
    assertMatch(out, RegExp(`^${Deno.pid} .*${inspector.path}$`, "m"));
    const { out: ps } = await view("ps", String(Deno.pid));
    assertStringIncludes(ps, `(${Deno.pid})`);
    const { out: top, err } = await view("top", String(program.pid));
    assertEquals(top, "");
    assertMatch(err, /has not answered for \d s: a step may be computing/);
  } finally {
    program.kill("SIGKILL");
    await program.stdout.cancel();
    await program.status;
    await view();
  }
});

Deno.test({
  name: "inspect does not look into the folder of another user",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    const temporary = await Deno.makeTempDir();
    const directory = `${temporary}/asyncio-0`;
    await Deno.mkdir(directory);
    const pid = String(Deno.pid);
    await using _ = await inspect({ path: `${directory}/${pid}.sock` });
    const list = async () => {
      const { stdout } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", VIEWER],
        env: { TMPDIR: temporary },
      }).output();
      return new TextDecoder().decode(stdout);
    };
    assertStringIncludes(await list(), directory);
    await Deno.chown(directory, 65534, 65534);
    assertFalse((await list()).includes(directory));
    await Deno.remove(temporary, { recursive: true });
  },
});

Deno.test("inspect refuses a program that sends control characters", async () => {
  for (const text of ["\x1b[2J", "\n", "\u202e", "\x9b"]) {
    const line = JSON.stringify({ id: 0, result: text });
    assertThrows(() => replyIn(line), Deno.errors.InvalidData);
  }
  for (const text of ['"', "\\", "\\u{1b}", '\\"', "/日本🎉"]) {
    const reply = { id: 0, result: text };
    assertEquals(replyIn(JSON.stringify(reply)), reply);
  }
  const directory = await Deno.makeTempDir();
  const path = `${directory}/program.sock`;
  using listener = Deno.listen({ transport: "unix", path });
  const served = (async () => {
    using conn = await listener.accept();
    await conn.write(
      new TextEncoder().encode('{"id":0,"result":{"main":"\\u001b[2J"}}\n'),
    );
    await conn.read(new Uint8Array(1000));
  })();
  const { err } = await view("ps", path);
  assertEquals(err, "error: The program sends control characters\n");
  await served;
  await Deno.remove(directory, { recursive: true });
});

Deno.test("inspect says what is wrong with its arguments", async () => {
  const cases: [string[], string, number][] = [
    [["no"], "error: There is no command no\nTry --help\n", 2],
    [["__proto__"], "error: There is no command __proto__\nTry --help\n", 2],
    [["ps", "--no"], "error: There is no option --no\nTry --help\n", 2],
    [["ps", "--limit"], "error: --limit takes a value\nTry --help\n", 2],
    [["ps", "1", "2"], "error: ps does not take 2\nTry --help\n", 2],
    [["list", "x"], "error: list does not take x\nTry --help\n", 2],
    [["top", "--json"], "error: top takes no --json\nTry --help\n", 2],
    [["ps", "1", "--limit", "x"], "--limit takes a number: received x", 2],
    [["ps", "/nowhere.sock"], "error: No such file or directory", 1],
  ];
  await using _ = await inspect();
  for (const [args, expected, expectedCode] of cases) {
    const target = args.map((each) => each === "1" ? String(Deno.pid) : each);
    const { err, code } = await view(...target);
    assertStringIncludes(err, expected);
    assertEquals(code, expectedCode);
  }
});

Deno.test("inspect pstree finds the deadlock of two locks", () =>
  withExample("deadlock", async (path) => {
    const { out } = await view("pstree", path);
    assertStringIncludes(out, "! 2 tasks wait for each other in a circle\n");
    assertMatch(
      out,
      /'alice pays' waits for Lock\.acquire\(\) of Lock \d+, which 'bob pays' holds/,
    );
    assertMatch(
      out,
      /'bob pays' waits for Lock\.acquire\(\) of Lock \d+, which 'alice pays' holds/,
    );
    assertMatch(out, /\n└─ \[TaskGroup\]\n {3}├─ alice pays/);
  }));

Deno.test("inspect pstree finds the queue without a consumer", () =>
  withExample("no_consumer", async (path) => {
    let out = "";
    for (let i = 0; i < 20 && !out.includes("!"); i++) {
      ({ out } = await view("pstree", path));
    }
    assertMatch(
      out,
      /! No task waits to get from Queue \d+ \(10 of 10\), 1 task waits to put\n {4}'crawl'/,
    );
  }));

Deno.test("inspect trace writes steps and waits in the Trace Event Format", () =>
  withExample("long_step", async (path) => {
    const file = await Deno.makeTempFile();
    const { out } = await view("trace", path, "--seconds", "2.5", "-o", file);
    assertMatch(out, /^\d+ events in /);
    const { traceEvents } = JSON.parse(await Deno.readTextFile(file));
    const steps = traceEvents.filter((each: { ph: string; name: string }) =>
      each.ph === "X" && each.name === "rank"
    );
    assert(steps.some(({ dur }: { dur: number }) => dur > 990_000));
    const opened = new Map<string, number>();
    for (const { ph, id, name } of traceEvents) {
      if (ph !== "b" && ph !== "e") continue;
      const key = `${id} ${name}`;
      opened.set(key, (opened.get(key) ?? 0) + (ph === "b" ? 1 : -1));
      assert(opened.get(key)! >= 0);
    }
    assertEquals([...opened.values()].filter((count) => count !== 0), []);
    await Deno.remove(file);
  }));

Deno.test("inspect pstree says that a long step held the program up", () =>
  withExample("long_step", async (path) => {
    await new Promise((resolve) => setTimeout(resolve, 2500));
    const { out } = await view("pstree", path);
    assertMatch(
      out,
      /! Steps or callbacks held up the program \d+ times?, up to [\d.]+ s/,
    );
  }));
