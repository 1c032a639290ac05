// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { startHttpServer } from "../../examples/http/server.ts";
import {
  createTask,
  openConnection,
  sleep,
  timeout,
  TimeoutError,
  wait,
} from "../../mod.ts";
import { explore, MemoryNetwork } from "../../testing/mod.ts";
import { textOf } from "../doubles/text.ts";
import { isOfNetwork } from "./talk.ts";

Deno.test("HttpServer answers the clients that it can reach, and stops, under faults", async () => {
  let network: MemoryNetwork;
  let answered = 0;
  let failed = 0;
  await explore(async (trial) => {
    const server = await network.at("server", () =>
      startHttpServer(
        async ({ url, body }) => {
          const text = textOf(await body.bytes());
          await sleep(trial.random() * 3);
          return { body: `${url.pathname} ${text}` };
        },
        "localhost",
        80,
        { report: (error) => assert(isOfNetwork(error), String(error)) },
      ));
    using faults = network.injectFaults({ every: 20, lasting: 10 });
    const ask = async (who: number) => {
      await sleep(trial.random() * 30);
      const [reader, writer] = await openConnection("server", 80);
      try {
        for (let i = 0; i < 3; i++) {
          const body = `${who} ${i}`.repeat(
            1 + Math.floor(trial.random() * 9999),
          );
          writer.write(`POST /${who}/${i} HTTP/1.1\r\nHost: server\r\n`);
          writer.write(`Content-Length: ${body.length}\r\n\r\n`);
          writer.write(body);
          await writer.drain();
          const head = textOf(await reader.readUntil("\r\n\r\n"));
          const [, length] = head.match(/content-length: (\d+)/i) ?? [];
          const text = textOf(await reader.readExactly(Number(length)));
          if (!head.startsWith("HTTP/1.1 200")) return;
          assertEquals(text, `/${who}/${i} ${body}`);
          answered++;
        }
      } finally {
        writer.close();
      }
    };
    const tasks = Array.from(
      { length: 6 },
      (_, who) =>
        network.at(
          `client-${who}`,
          () => createTask(() => timeout(600, () => ask(who))),
        ),
    );
    await wait(tasks);
    for (const task of tasks) {
      const error = task.exception();
      if (error === null) continue;
      const isExpected = isOfNetwork(error) || error instanceof TimeoutError ||
        error.name === "IncompleteReadError";
      if (!isExpected) throw error;
      failed++;
    }
    faults[Symbol.dispose]();
    await server.stop();
    await sleep(1e9);
    assertEquals(network.connections, 0);
  }, {
    network: (seed) => network = new MemoryNetwork({ seed, latency: [0, 0.5] }),
    timeouts: false,
    schedules: 50,
    seconds: 20,
    maxSteps: 1e6,
    seed: 1,
  });
  assert(answered > 100, String(answered));
  assert(failed > 10, String(failed));
});
