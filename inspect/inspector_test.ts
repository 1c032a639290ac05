// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { Future } from "../loop/mod.ts";
import { createTask, currentTask, run, sleep } from "../tasks/mod.ts";
import { findPython } from "../tests/peers/python.ts";
import { connect } from "./_client.ts";
import { connectTo, openEndpoint } from "./_endpoint.ts";
import { inspect, type InspectOptions } from "./mod.ts";
import { ViewerSession } from "./_viewer_session.ts";

/** Runs a body in a program that can be inspected, at a path of its own. */
function inspected(
  body: (path: string) => Promise<unknown>,
  options: InspectOptions = {},
): () => Promise<void> {
  return async () => {
    const directory = await Deno.makeTempDir();
    const path = `${directory}/program.sock`;
    try {
      await run(async () => {
        currentTask()!.setName("main");
        await using _ = await inspect({ path, ...options });
        await body(path);
      });
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  };
}

/** Sends a text and returns what comes until the program closes the connection. */
async function exchange(path: string, text: string): Promise<string> {
  const { conn } = await connectTo(path);
  await conn.write(new TextEncoder().encode(text));
  let answer = "";
  try {
    for await (const chunk of conn.readable) {
      answer += new TextDecoder().decode(chunk);
    }
  } catch (error) {
    assertInstanceOf(error, Deno.errors.ConnectionReset);
  }
  return answer;
}

Deno.test(
  "inspect() lets a viewer see the tasks",
  inspected(async (path) => {
    const future = new Future<void>();
    createTask(async () => await future, { name: "waiting" });
    await using viewer = await connect(path);
    assertEquals(viewer.program.pid, Deno.pid);
    assertEquals(viewer.program.tasks, 2);
    assertEquals(viewer.program.allowCancel, false);
    const { tasks, loops } = await viewer.snapshot();
    assertEquals(tasks.map(({ name }) => name), ["main", "waiting"]);
    assertEquals(tasks[1]!.activity, "waiting");
    assertEquals(loops.length >= 1, true);
    future.setResult();
  }),
);

Deno.test(
  "inspect() answers several viewers, and each request of one in order",
  inspected(async (path) => {
    for (let i = 0; i < 1000; i++) createTask(() => sleep(60));
    await sleep(0);
    await using one = await connect(path);
    await using two = await connect(path);
    const all = await Promise.all([
      one.snapshot(),
      one.statistics(),
      one.snapshot({ limit: 1 }),
      two.snapshot(),
    ]);
    assertEquals(all[0].tasks.length, 1001);
    assertEquals(all[2].tasks.length, 1);
    assertEquals(all[3].tasks.length, 1001);
  }),
);

Deno.test(
  "inspect() does not let a viewer cancel tasks by default",
  inspected(async (path) => {
    const task = createTask(() => sleep(60), { name: "victim" });
    await sleep(0);
    await using viewer = await connect(path);
    const { tasks } = await viewer.snapshot();
    const { id } = tasks.find(({ name }) => name === "victim")!;
    await assertRejects(
      () => viewer.cancel(id),
      Error,
      "Cannot cancel tasks as the program does not allow it",
    );
    assertEquals(task.cancelling(), 0);
  }),
);

Deno.test(
  "inspect({ allowCancel: true }) lets a viewer cancel tasks",
  inspected(async (path) => {
    const task = createTask(() => sleep(60), { name: "victim" });
    await sleep(0);
    await using viewer = await connect(path);
    const { tasks } = await viewer.snapshot();
    const { id } = tasks.find(({ name }) => name === "victim")!;
    assertEquals(await viewer.cancel(id), true);
    await assertRejects(() => task, Error, "cancelled by a viewer");
    await assertRejects(() => viewer.cancel(id), Error, "The task has ended");
  }, { allowCancel: true }),
);

Deno.test("inspect() makes a socket that only this user can open", async () => {
  await using inspector = await inspect();
  const { path } = inspector;
  assertStringIncludes(path, String(Deno.pid));
  assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
  const directory = path.slice(0, path.lastIndexOf("/"));
  assertEquals(Deno.statSync(directory).mode! & 0o777, 0o700);
  await using second = await inspect();
  assert(second.path !== path);
});

Deno.test("Inspector.close() removes the socket, and may be called again", async () => {
  const inspector = await inspect();
  const viewer = await connect(inspector.path);
  await inspector.close();
  await inspector.close();
  await assertRejects(() => Deno.lstat(inspector.path), Deno.errors.NotFound);
  await assertRejects(() => viewer.snapshot());
  await viewer[Symbol.asyncDispose]();
});

Deno.test("inspect() refuses a path where a program listens, and takes over one that was left", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/program.sock`;
  try {
    const first = await inspect({ path });
    await assertRejects(() => inspect({ path }), Deno.errors.AddrInUse);
    await first.close();
    // As a program leaves it that was killed.
    const code = `const l = Deno.listen({ transport: "unix", path: ${
      JSON.stringify(path)
    } }); Deno.kill(Deno.pid, "SIGKILL");`;
    await new Deno.Command(Deno.execPath(), { args: ["eval", code] }).output();
    assert(Deno.lstatSync(path).isSocket);
    await using _ = await inspect({ path });
    await using viewer = await connect(path);
    assertEquals(viewer.program.pid, Deno.pid);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test(
  "inspect() survives viewers that send nonsense, leave, or stall",
  inspected(async (path) => {
    for (
      const text of [
        "\n",
        "{}\n",
        "[]\n",
        "null\n",
        '{"id":1}\n',
        '{"id":"1","method":"hello"}\n',
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "x".repeat(30_000),
      ]
    ) assertEquals(await exchange(path, text), "");
    for (const text of ['{"id":1,"method":"snapshot"}\n', '{"id":1,"meth']) {
      const { conn } = await connectTo(path);
      await conn.write(new TextEncoder().encode(text));
      conn.close();
    }
    await using viewer = await connect(path);
    for (const method of ["no", "__proto__", "constructor"]) {
      const { conn } = await connectTo(path);
      await conn.write(
        new TextEncoder().encode(`${JSON.stringify({ id: 7, method })}\n`),
      );
      const memory = new Uint8Array(1000);
      const count = await conn.read(memory);
      assertEquals(
        new TextDecoder().decode(memory.subarray(0, count!)),
        '{"id":7,"error":"There is no such method"}\n',
      );
      conn.close();
    }
    // One that asks for much and reads nothing holds up no other.
    for (let i = 0; i < 20_000; i++) createTask(() => sleep(60));
    const { conn } = await connectTo(path);
    await conn.write(new TextEncoder().encode(
      '{"id":1,"method":"snapshot"}\n'.repeat(10),
    ));
    assertEquals((await viewer.snapshot({ limit: 1 })).tasks.length, 1);
    conn.close();
  }),
);

Deno.test(
  "inspect() refuses more than 16 viewers",
  inspected(async (path) => {
    const viewers = [];
    for (let i = 0; i < 16; i++) viewers.push(await connect(path));
    await assertRejects(() => connect(path));
    for (const viewer of viewers) await viewer[Symbol.asyncDispose]();
  }),
);

Deno.test("ViewerSession answers nothing before the token", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/program.json`;
  const endpoint = await openEndpoint(path, "loopback");
  try {
    assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
    const options = { token: endpoint.token, allowCancel: false };
    const serve = async () => {
      const conn = await endpoint.listener.accept();
      await new ViewerSession(conn, options).run();
    };
    for (
      const request of [
        { id: 1, method: "hello" },
        { id: 1, method: "hello", token: "" },
        { id: 1, method: "hello", token: 1 },
        { id: 1, method: "hello", token: "0".repeat(48) },
      ]
    ) {
      const served = serve();
      assertEquals(await exchange(path, `${JSON.stringify(request)}\n`), "");
      await served;
    }
    const served = serve();
    const viewer = await connect(path);
    assertEquals(viewer.program.pid, Deno.pid);
    await viewer[Symbol.asyncDispose]();
    await served;
  } finally {
    endpoint.close();
    await Deno.remove(directory, { recursive: true });
  }
});

const python = await findPython();

Deno.test({
  name: "inspect() lets no other user connect",
  // Only root can become another user.
  ignore: Deno.uid() !== 0 || python === null,
  fn: async () => {
    // In a folder that every user may enter: it is the socket that refuses.
    const directory = await Deno.makeTempDir();
    await Deno.chmod(directory, 0o755);
    const path = `${directory}/program.sock`;
    await using _ = await inspect({ path });
    await using own = await inspect();
    const { stdout } = await new Deno.Command(python!.command[0]!, {
      args: [
        ...python!.command.slice(1),
        "-c",
        `
import os, socket, sys
os.setgid(65534); os.setuid(65534)
for path in sys.argv[1:]:
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        print("connected")
    except OSError as error:
        print(type(error).__name__)
`,
        path,
        own.path,
      ],
    }).output();
    assertEquals(
      new TextDecoder().decode(stdout),
      "PermissionError\nPermissionError\n",
    );
    await Deno.remove(directory, { recursive: true });
  },
});

Deno.test("inspect() keeps no program alive, and cleans up at its end", async () => {
  const directory = await Deno.makeTempDir();
  const entry = new URL("./mod.ts", import.meta.url).href;
  for (const end of ["", "Deno.exit(0);"]) {
    const path = `${directory}/program.sock`;
    const code = `
      import { inspect } from ${JSON.stringify(entry)};
      const { path } = await inspect({ path: ${JSON.stringify(path)} });
      console.log(Deno.statSync(path).isSocket);
      ${end}`;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", code],
    }).output();
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals(new TextDecoder().decode(stdout), "true\n");
    await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
  }
  await Deno.remove(directory, { recursive: true });
});

Deno.test("inspect() refuses wrong options", async () => {
  await assertRejects(
    () => inspect({ path: 1 as never }),
    TypeError,
    "The path option of inspect() must be a string: received 1",
  );
  await assertRejects(
    () => inspect({ allowCancel: "yes" as never }),
    TypeError,
    "The allowCancel option of inspect() must be a boolean",
  );
});
