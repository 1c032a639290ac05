// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertArrayIncludes,
  assertEquals,
  assertFalse,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { Queue } from "../queues/mod.ts";
import {
  createTask,
  gather,
  run,
  sleep,
  taskGroup,
  wait,
} from "../tasks/mod.ts";
import { setWarningHandler } from "../loop/mod.ts";
import {
  instrument,
  type MeterLike,
  type ObserveLike,
  type TracerLike,
} from "./mod.ts";

interface Recorded {
  name: string;
  parent: string | null;
  log: string[];
}

/** A tracer with a context of its own, as OpenTelemetry's. */
function newTracer(): { tracer: TracerLike; spans: Recorded[] } {
  const active = new AsyncLocalStorage<Recorded>();
  const spans: Recorded[] = [];
  const tracer: TracerLike = {
    startActiveSpan(name, { attributes }, fn) {
      const log: string[] = [];
      const span = { name, parent: active.getStore()?.name ?? null, log };
      spans.push(span);
      assertEquals(typeof attributes["asyncio.task.id"], "number");
      return active.run(span, () =>
        fn({
          addEvent: (event) => log.push(event),
          setAttribute: (key, value) => log.push(`${key}=${value}`),
          setStatus: ({ code, message }) =>
            log.push(`status ${code} ${message}`),
          recordException: (error) => log.push(`exception ${error.message}`),
          end: () => log.push("end"),
        }));
    },
  };
  return { tracer, spans };
}

Deno.test("instrument() gives each task a span inside that of its parent", async () => {
  const { tracer, spans } = newTracer();
  using _ = instrument({ tracer });
  await run(async function main() {
    await taskGroup((group) => {
      group.createTask(async function child() {
        await gather([async function grandchild() {
          await sleep(0);
        }]);
      });
    });
  });
  await run(async function second() {});
  // The end of run() has tasks of its own.
  const own = spans.filter(({ name }) => name !== "task");
  assertEquals(own.map(({ name, parent }) => [name, parent]), [
    ["main", null],
    ["child", "main"],
    ["grandchild", "child"],
    ["second", null],
  ]);
  for (const name of ["main", "child", "grandchild", "second"]) {
    assertEquals(spans.find((each) => each.name === name)?.log, ["end"]);
  }
});

Deno.test("instrument() records cancellations and errors", async () => {
  const { tracer, spans } = newTracer();
  using _ = instrument({ tracer });
  await run(async () => {
    const cancelled = createTask(async function cancelled() {
      await sleep(60);
    });
    const failed = createTask(async function failed() {
      await sleep(0);
      throw new Error("no");
    });
    await sleep(0);
    cancelled.cancel();
    await wait([cancelled, failed]);
    failed.exception();
  });
  const logOf = (name: string) => spans.find((each) => each.name === name)?.log;
  assertEquals(logOf("cancelled"), [
    "cancel",
    "asyncio.task.cancelled=true",
    "end",
  ]);
  assertEquals(logOf("failed"), ["exception no", "status 2 no", "end"]);
});

Deno.test("instrument() ends the spans of running tasks after it was disposed, and begins none", async () => {
  const { tracer, spans } = newTracer();
  await run(async () => {
    const instrumentation = instrument({ tracer });
    const task = createTask(async function running() {
      await sleep(0.001);
    });
    await sleep(0);
    instrumentation[Symbol.dispose]();
    instrumentation[Symbol.dispose]();
    await createTask(async function later() {});
    await task;
    await sleep(0);
  });
  assertEquals(spans.map(({ name, log }) => [name, log]), [
    ["running", ["end"]],
  ]);
});

Deno.test("instrument() keeps errors of the tracer from the program", async () => {
  const warnings: string[] = [];
  setWarningHandler((message) => warnings.push(message));
  try {
    const tracer: TracerLike = {
      startActiveSpan() {
        throw new Error("the tracer is broken");
      },
    };
    using _ = instrument({ tracer });
    assertEquals(await run(async () => await createTask(() => 42)), 42);
  } finally {
    setWarningHandler(null);
  }
  assertEquals(warnings.length, 1);
  assertStringIncludes(warnings[0]!, "the tracer is broken");
});

Deno.test("instrument() measures tasks, queues and the delay of the loop", async () => {
  const callbacks = new Map<string, Set<ObserveLike>>();
  const lags: number[] = [];
  const meter: MeterLike = {
    createObservableGauge(name) {
      const own = new Set<ObserveLike>();
      callbacks.set(name, own);
      return {
        addCallback: (callback) => own.add(callback),
        removeCallback: (callback) => own.delete(callback),
      };
    },
    createHistogram: () => ({ record: (value) => lags.push(value) }),
  };
  const read = (name: string) => {
    const values: [number, unknown][] = [];
    for (const callback of callbacks.get(name)!) {
      callback({ observe: (value, by) => values.push([value, by]) });
    }
    return values;
  };
  await run(async () => {
    using _ = instrument({ meter });
    const queue = new Queue<number>();
    queue.putNowait(1);
    const task = createTask(() => sleep(60));
    await sleep(0.25);
    assertEquals(read("asyncio.queue.size").map(([value]) => value), [1]);
    const waiting = read("asyncio.tasks").find(([_, by]) =>
      (by as { activity: string }).activity === "waiting"
    );
    assertEquals(waiting?.[0], 1);
    assert(lags.length >= 1 && lags.every((lag) => lag >= 0));
    task.cancel();
  });
  assertEquals([...callbacks.values()].map(({ size }) => size), [0, 0]);
});

Deno.test("instrument() refuses what lacks the methods", () => {
  for (
    const options of [undefined, {}, { tracer: {} }, {
      meter: { createHistogram() {} },
    }]
  ) {
    assertThrows(
      () => instrument(options as never),
      TypeError,
      "of instrument()",
    );
  }
});

/** Runs a program with Deno's OpenTelemetry, and returns the names of the spans and of their parents. */
async function spansOf(code: string): Promise<[string, string | null][]> {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, code);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", file],
    env: {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_PROTOCOL: "console",
      NO_COLOR: "1",
    },
  }).output();
  await Deno.remove(file);
  const printed = new TextDecoder().decode(stdout) +
    new TextDecoder().decode(stderr);
  assertFalse(printed.includes("error:"), printed);
  const spans = [
    ...printed.matchAll(
      /^SPAN (.+?) \[\w+\/(\w+)\].*$(?:\n {2}parent: (\w+))?/gm,
    ),
  ];
  const names = new Map(spans.map(([_, name, id]) => [id, name!] as const));
  return spans.map((
    [_, name, __, parent],
  ) => [name!, names.get(parent) ?? null]);
}

const ENTRY = JSON.stringify(import.meta.resolve("../mod.ts"));

Deno.test("OTEL_DENO nests spans across tasks, groups, queues and executors", async () => {
  const spans = await spansOf(`
    import {
      createTask, gather, Queue, run, sleep, taskGroup, timeout, toThread,
    } from ${ENTRY};
    const tracer = Deno.telemetry.tracerProvider.getTracer("test");
    const spanned = (name: string, body: () => unknown) =>
      tracer.startActiveSpan(name, async (span) => {
        await body();
        span.end();
      });
    await run(() => spanned("root", async () => {
      await createTask(() => spanned("task", async () => {
        await sleep(0.001);
        await spanned("after sleep", () => {});
      }));
      await taskGroup((group) => {
        group.createTask(() => spanned("member", () => sleep(0)));
        group.createTask(() => spanned("other member", () => sleep(0)));
      });
      await gather([
        () => timeout(1, () => spanned("gathered", () => sleep(0.001))),
      ]);
      const queue = new Queue<number>();
      const consumer = createTask(() => spanned("consumer", async () => {
        await queue.get();
        await spanned("item", () => {});
      }));
      await spanned("producer", async () => {
        await sleep(0.001);
        queue.putNowait(1);
      });
      await consumer;
      await toThread(() => 1);
      await spanned("after thread", () => {});
    }));`);
  assertEquals(Object.fromEntries(spans), {
    "root": null,
    "task": "root",
    "after sleep": "task",
    "member": "root",
    "other member": "root",
    "gathered": "root",
    "consumer": "root",
    // Of the task that gets it, not of the one that puts it.
    "item": "consumer",
    "producer": "root",
    "after thread": "root",
  });
});

Deno.test("instrument() nests spans of tasks and those of Deno", async () => {
  const spans = await spansOf(`
    import { run, taskGroup } from ${ENTRY};
    import { instrument } from ${
    JSON.stringify(import.meta.resolve("./mod.ts"))
  };
    using _ = instrument({
      tracer: Deno.telemetry.tracerProvider.getTracer("test"),
    });
    const server = Deno.serve({ port: 0, onListen() {} }, () => new Response());
    await run(async function main() {
      await taskGroup((group) => {
        group.createTask(async function visit() {
          const response = await fetch("http://127.0.0.1:" + server.addr.port);
          await response.body?.cancel();
        });
      });
    });
    await server.shutdown();`);
  const own = spans.map(([name, parent]) => `${name} in ${parent}`);
  assertArrayIncludes(own, ["main in null", "visit in main", "GET in visit"]);
});
