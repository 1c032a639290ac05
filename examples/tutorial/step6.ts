// Copyright 2026 the asyncio for Deno authors. MIT license.

// A service: send it the address of a page, and it answers with its size.
//
//   deno run --allow-net examples/tutorial/step6.ts
//   deno run --allow-net examples/tutorial/ask.ts https://example.com

import {
  CancelledError,
  Future,
  Queue,
  run,
  startServer,
  type StreamReader,
  type StreamWriter,
  taskGroup,
  timeout,
  TimeoutError,
} from "@asyncio/asyncio";

/** Downloads a page and returns its size in bytes. */
async function weigh(url: string): Promise<number> {
  return await timeout(5, async ({ signal }) => {
    const response = await fetch(url, { signal });
    return (await response.bytes()).length;
  });
}

/** Returns what to say of a page. */
async function describe(url: string): Promise<string> {
  try {
    return `${await weigh(url)} bytes`;
  } catch (error) {
    if (error instanceof CancelledError) throw error;
    return error instanceof TimeoutError ? "too slow" : "not found";
  }
}

interface Job {
  readonly url: string;
  readonly answer: Future<string>;
}

/** Does one job after another. */
async function worker(jobs: Queue<Job>) {
  for await (const { url, answer } of jobs) {
    const text = await describe(url);
    if (!answer.done()) answer.setResult(text);
  }
}

/** Answers the lines of one client. */
async function serveClient(
  jobs: Queue<Job>,
  reader: StreamReader,
  writer: StreamWriter,
) {
  await using _ = writer;
  for await (const url of reader.lines()) {
    const answer = new Future<string>();
    await jobs.put({ url, answer });
    writer.write(`${await answer}: ${url}\n`);
    await writer.drain();
  }
}

async function main() {
  const jobs = new Queue<Job>(10);
  await taskGroup(async (group) => {
    for (let n = 0; n < 3; n++) group.createTask(() => worker(jobs));
    const server = await startServer(
      (reader, writer) => serveClient(jobs, reader, writer),
      "127.0.0.1",
      Number(Deno.args[0] ?? 8000),
    );
    const { port } = server.sockets[0]!.addr;
    console.log(`Listening on port ${port}`);
    await server.serveForever();
  });
}

await run(main);
