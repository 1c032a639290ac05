// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";

const RUNTIMES = ["node", "bun"];

/** The version of a runtime, if it is on this machine and not too old. */
async function versionOf(runtime: string): Promise<string | null> {
  try {
    const { stdout } = await new Deno.Command(runtime, {
      args: ["--version"],
    }).output();
    const version = new TextDecoder().decode(stdout).trim().replace("v", "");
    const isTooOld = runtime === "node" && parseInt(version) < 20;
    return isTooOld ? null : version;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

let installation: Promise<string> | null = null;

/** A folder in which the package is installed as npm would do it, with what `deno pack` makes. */
function installed(): Promise<string> {
  return installation ??= install();
}

async function install(): Promise<string> {
  const folder = await Deno.makeTempDir();
  globalThis.addEventListener(
    "unload",
    () => Deno.removeSync(folder, { recursive: true }),
  );
  const archive = `${folder}/package.tgz`;
  const scope = `${folder}/node_modules/@asyncio`;
  await Deno.mkdir(scope, { recursive: true });
  await execute(Deno.execPath(), [
    "pack",
    "--quiet",
    "--allow-dirty",
    // Declarations of types are for editors, and take ten times as long as the rest.
    "--allow-slow-types",
    "--output",
    archive,
  ]);
  await execute("tar", ["-xzf", archive, "-C", scope]);
  await Deno.rename(`${scope}/package`, `${scope}/asyncio`);
  return folder;
}

async function execute(program: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args,
    cwd: new URL("../../", import.meta.url),
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** The output of a program, and how it ended. */
async function outcomeOf(runtime: string, program: string) {
  const folder = await installed();
  const file = `${folder}/${crypto.randomUUID()}.mjs`;
  await Deno.writeTextFile(file, program);
  const { code, stdout, stderr } = await new Deno.Command(runtime, {
    args: [file],
    cwd: folder,
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    lines: decoder.decode(stdout).trimEnd().split(/\r?\n/),
    errors: decoder.decode(stderr),
  };
}

interface Program {
  name: string;
  text: string;
  prints: string[];
  /** With which code it ends. */
  code?: number;
  /** A part of its standard error. */
  says?: string;
  /** Programs for this runtime only. */
  only?: string;
  /** Whether it sends itself signals, which Windows has not. */
  hasSignals?: boolean;
}

const PROGRAMS: Program[] = [
  {
    name: "tasks run in asyncio's order",
    text: `
import { createTask, currentTask, gather, run, sleep } from "@asyncio/asyncio/tasks";

const events = [];
async function count(name) {
  for (let i = 0; i < 3; i++) {
    events.push(name + i);
    await sleep(0);
  }
}
await run(async () => {
  const task = currentTask();
  await gather([() => count("a"), () => count("b"), () => count("c")]);
  await createTask(() => count("d"));
  await new Promise((resolve) => setTimeout(resolve, 1));
  console.log(events.join(" "), task === currentTask());
});
`,
    prints: ["a0 b0 c0 a1 b1 c1 a2 b2 c2 d0 d1 d2 true"],
  },
  {
    name: "cancellation, time limits and groups",
    text: `
import { createTask, run, sleep, taskGroup, timeout } from "@asyncio/asyncio/tasks";

await run(async () => {
  const task = createTask(async () => {
    try {
      await sleep(60);
    } finally {
      console.log("cleaned up");
    }
  });
  await sleep(0);
  task.cancel();
  await task.catch((error) => console.log(error.name));
  await timeout(0, () => sleep(60)).catch((error) => console.log(error.name));
  await taskGroup((group) => {
    group.createTask(() => sleep(60));
    group.createTask(() => {
      throw new RangeError("no");
    });
  }).catch((error) => console.log(error.exceptions.map(String).join()));
});
`,
    prints: ["cleaned up", "CancelledError", "TimeoutError", "RangeError: no"],
  },
  {
    name: "locks, barriers and queues",
    text: `
import { Barrier, Lock } from "@asyncio/asyncio/sync";
import { Queue } from "@asyncio/asyncio/queues";
import { createTask, gather, run } from "@asyncio/asyncio/tasks";

await run(async () => {
  const lock = new Lock();
  const barrier = new Barrier(2);
  const guard = await lock.acquire();
  const waiting = createTask(() => lock.acquire());
  guard[Symbol.dispose]();
  await waiting;
  console.log(lock.locked(), await gather([() => barrier.wait(), () => barrier.wait()]));
  const queue = new Queue(1);
  createTask(async () => {
    for (const item of ["x", "y"]) await queue.put(item);
    queue.shutdown();
  });
  for await (const item of queue) console.log(item);
});
`,
    prints: ["true [ 0, 1 ]", "x", "y"],
  },
  {
    name: "debug mode by the environment",
    text: `
process.env.ASYNCIO_DEBUG = "1";
const { getRunningLoop, run } = await import("@asyncio/asyncio");
console.log(await run(() => getRunningLoop().getDebug()));
`,
    prints: ["true"],
  },
  {
    name: "a cancelled branch that nobody awaits",
    text: `
import { createTask, run, sleep } from "@asyncio/asyncio";

await run(async () => {
  const task = createTask(async () => {
    const branch = async () => await sleep(60);
    branch();
    await sleep(60);
  });
  await sleep(0);
  task.cancel();
  await task.catch((error) => console.log(error.name));
});
setTimeout(() => console.log("alive"), 1);
`,
    prints: ["CancelledError", "alive"],
  },
  {
    name: "a rejection that nobody handles ends the program all the same",
    text: `
import { createTask, run, sleep } from "@asyncio/asyncio";

await run(async () => {
  const task = createTask(() => sleep(60));
  await sleep(0);
  task.cancel();
  await task.catch(() => {});
});
Promise.reject(new Error("nobody handles this"));
setTimeout(() => console.log("alive"), 1000);
`,
    prints: [""],
    code: 1,
    says: "nobody handles this",
  },
  {
    name: "the failure of a task that nobody awaited is reported at the end",
    text: `
import { createTask } from "@asyncio/asyncio";

createTask(() => {
  throw new Error("nobody asked");
});
`,
    prints: [""],
    says: "Task exception was never retrieved",
  },
  {
    name: "virtual time, and streams on a network in memory",
    text: `
import { openConnection, sleep, startServer } from "@asyncio/asyncio";
import { inVirtualTime, MemoryNetwork } from "@asyncio/asyncio/testing";

await inVirtualTime(async () => {
  const server = await startServer(async (reader, writer) => {
    writer.write(await reader.readLine());
    writer.close();
  }, "localhost", 80);
  const [reader, writer] = await openConnection("localhost", 80);
  await sleep(3600);
  writer.write("hello\\n");
  console.log(new TextDecoder().decode(await reader.readLine()).trim());
  writer.close();
  server.close();
  await openConnection("localhost", 81).catch((error) => console.log(error.name));
}, { network: new MemoryNetwork() })();
`,
    prints: ["hello", "ConnectionRefused"],
  },
  {
    name: "readers of web streams, names and datagrams",
    text: `
import { DatagramProtocol, Future, getRunningLoop, run, StreamReader } from "@asyncio/asyncio";

await run(async () => {
  const reader = StreamReader.from(new Blob(["a line\\n"]).stream());
  console.log(new TextDecoder().decode(await reader.readLine()).trim());
  const loop = getRunningLoop();
  const [{ hostname }] = await loop.getAddrInfo("localhost", 80, { family: 4 });
  const received = new Future();
  class Server extends DatagramProtocol {
    datagramReceived(data) {
      received.setResult(new TextDecoder().decode(data));
    }
  }
  const [server] = await loop.createDatagramEndpoint(() => new Server(), {
    localAddr: { hostname, port: 0 },
  });
  const [client] = await loop.createDatagramEndpoint(() => new DatagramProtocol(), {
    remoteAddr: server.getExtraInfo("sockname"),
  });
  client.sendTo("a datagram");
  console.log(await received);
  client.close();
  server.close();
});
`,
    prints: ["a line", "a datagram"],
  },
  {
    name: "what needs Deno says so",
    text: `
import { createSubprocessExec, getRunningLoop, openConnection, openUnixConnection, run, startServer } from "@asyncio/asyncio";

await run(async () => {
  for (const call of [
    () => openConnection("localhost", 80),
    () => startServer(() => {}, "127.0.0.1", 0),
    () => openUnixConnection("/socket"),
    () => createSubprocessExec("ls"),
    async () => getRunningLoop().addReader(0, () => {}),
  ]) await call().catch((error) => console.log(String(error)));
});
`,
    prints: [
      "createConnection",
      "createServer",
      "createUnixConnection",
      "subprocessExec",
      "addReader",
    ].map((method) => `NotSupported: ${method}() is only supported in Deno`),
  },
  {
    name: "another thread says that it needs Web Workers",
    only: "node",
    text: `
import { run, toThread } from "@asyncio/asyncio";

await run(async () => {
  try {
    await toThread((x) => x + 1, [1]);
  } catch (error) {
    console.log(String(error));
  }
});
`,
    prints: [
      "NotSupported: Executors need Web Workers, which this runtime does not support",
    ],
  },
  {
    name: "other threads",
    only: "bun",
    text: `
import { run, toThread, WorkerExecutor } from "@asyncio/asyncio";

await run(async () => {
  console.log(await toThread((x) => x + 1, [1]));
  const jobs = "data:text/javascript,export function fail() { throw new RangeError('no'); }";
  const executor = new WorkerExecutor(jobs);
  await executor.submit("fail").catch((error) => console.log(String(error)));
  await executor.shutdown();
});
`,
    prints: ["2", "RangeError: no"],
  },
  {
    name: "handlers of signals",
    hasSignals: true,
    text: `
import { Future, getRunningLoop, run } from "@asyncio/asyncio";

await run(async () => {
  const loop = getRunningLoop();
  const handled = new Future();
  loop.addSignalHandler("SIGTERM", (text) => handled.setResult(text), "handled");
  process.kill(process.pid, "SIGTERM");
  console.log(await handled, loop.removeSignalHandler("SIGTERM"));
});
`,
    prints: ["handled true"],
  },
  {
    name: "SIGINT cancels the main task",
    hasSignals: true,
    text: `
import { run, sleep } from "@asyncio/asyncio";

await run(async () => {
  process.kill(process.pid, "SIGINT");
  try {
    await sleep(60);
  } finally {
    console.log("cleaned up");
  }
});
`,
    prints: ["cleaned up"],
    code: 130,
    says: "KeyboardInterrupt",
  },
];

for (const runtime of RUNTIMES) {
  const version = await versionOf(runtime);
  const name = version === null
    ? `${runtime} (not on this machine)`
    : `${runtime} ${version}`;
  for (const program of PROGRAMS) {
    if ((program.only ?? runtime) !== runtime) continue;
    Deno.test({
      name: `The package on ${name}: ${program.name}`,
      ignore: version === null ||
        (program.hasSignals === true && Deno.build.os === "windows"),
      async fn() {
        const { code, lines, errors } = await outcomeOf(runtime, program.text);
        const { prints, says = "" } = program;
        assertEquals(lines, prints, errors);
        assertEquals(code, program.code ?? 0, errors);
        assertEquals(errors.includes(says), true, errors);
      },
    });
  }
}
