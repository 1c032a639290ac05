// Copyright 2026 the asyncio for Deno authors. MIT license.

// The service, which ends in good order on Ctrl-C:
//
//   deno run --allow-net examples/tutorial/step7.ts
//   deno run --allow-net examples/tutorial/ask.ts https://example.com

import {
  CancelledError,
  Event,
  Future,
  Queue,
  run,
  shielded,
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

type Describe = (url: string) => Promise<string>;

/** Does one job after another. */
async function worker(jobs: Queue<Job>, describe: Describe) {
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

/** Serves clients until the calling task is cancelled. */
export async function serve(
  host: string,
  port: number,
  describe: Describe,
): Promise<void> {
  const jobs = new Queue<Job>(10);
  await taskGroup(async (group) => {
    for (let n = 0; n < 3; n++) group.createTask(() => worker(jobs, describe));
    const server = await startServer(
      (reader, writer) => serveClient(jobs, reader, writer),
      host,
      port,
    );
    console.log(`Listening on port ${server.sockets[0]!.addr.port}`);
    try {
      await new Event().wait(); // until Ctrl-C
    } finally {
      await shielded(() => server.drain(5));
    }
  });
}

if (import.meta.main) {
  await run(() => serve("127.0.0.1", Number(Deno.args[0] ?? 8000), describe));
}
