// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertGreater } from "@std/assert";
import {
  openConnection,
  type Server,
  sleep,
  startServer,
  type StreamReader,
  type StreamWriter,
  taskGroup,
  timeout,
  TimeoutError,
  wait,
} from "../../mod.ts";
import { MemoryNetwork } from "../../testing/mod.ts";
import { runOn } from "../doubles/in_memory.ts";
import { textOf } from "../doubles/text.ts";

const DAY = 24 * 3600;
const CLIENTS = 200;
const ROOMS = 20;

/** How long, in seconds, a client says nothing at most before the server takes it for gone. */
const SILENCE = 1800;

/** The outcome of a day. */
interface Day {
  /** A hash of all network events and their times. */
  readonly trace: number;
  readonly events: number;
  readonly sent: number;
  readonly received: number;
  readonly sessions: number;
}

Deno.test("200 clients chat for 24 hours under faults, twice in the same way", async () => {
  const day = await chatFor(DAY, 1);
  assertEquals(await chatFor(DAY, 1), day);
  // Much of it happened, and much of it against the odds.
  assertGreater(day.sent, 15_000);
  assertGreater(day.received, 8 * day.sent);
  assertGreater(day.sessions, 5 * CLIENTS);
});

Deno.test("Clients chat in another way with another seed", async () => {
  const [one, other] = [await chatFor(3600, 1), await chatFor(3600, 2)];
  assert(one.trace !== other.trace);
});

async function chatFor(seconds: number, seed: number): Promise<Day> {
  const trace = new Trace();
  const network = new MemoryNetwork({
    seed,
    latency: [0.005, 0.2],
    observe: ({ time, from, to, what }) =>
      trace.add(`${time} ${from} ${to} ${what}`),
  });
  const counts = { sent: 0, received: 0, sessions: 0 };
  await runOn(network, async () => {
    const server = await network.at("server", serveChat);
    using _ = network.injectFaults({ every: 60, lasting: 60 });
    const clients = Array.from(
      { length: CLIENTS },
      (_, i) =>
        new Client(`client-${i}`, `room-${i % ROOMS}`, 700 + i % 7 * 20),
    );
    try {
      await timeout(seconds, () =>
        taskGroup((group) => {
          for (const client of clients) {
            network.at(
              client.name,
              () => group.createTask(() => client.live()),
            );
          }
        }));
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
    }
    for (const { sent, received, sessions } of clients) {
      counts.sent += sent;
      counts.received += received;
      counts.sessions += sessions;
    }
    await shutDown(server);
  });
  return { trace: trace.hash, events: trace.size, ...counts };
}

/** A number for a list of words. */
class Trace {
  hash = 0;
  size = 0;

  add(word: string): void {
    this.size++;
    for (let i = 0; i < word.length; i++) {
      this.hash = Math.imul(this.hash ^ word.charCodeAt(i), 16_777_619);
    }
  }
}

/** A server that sends what it gets from one member of a room to all others. */
function serveChat(): Promise<Server<Deno.NetAddr>> {
  const rooms = new Map<string, Set<StreamWriter>>();

  async function chat(reader: StreamReader, writer: StreamWriter) {
    const room = textOf(await timeout(60, () => reader.readLine())).trim();
    if (room === "") return;
    const members = rooms.get(room) ?? new Set();
    rooms.set(room, members.add(writer));
    try {
      while (true) {
        const line = await timeout(SILENCE, () => reader.readLine());
        if (line.length === 0) return;
        for (const member of members) if (member !== writer) member.write(line);
      }
    } finally {
      members.delete(writer);
    }
  }

  return startServer(
    async (reader, writer) => {
      try {
        await chat(reader, writer);
      } catch (error) {
        if (!isOfNetwork(error)) throw error;
      } finally {
        writer.close();
      }
    },
    "server",
    7,
  );
}

/** A member of a room that reconnects whenever the connection is lost. */
class Client {
  readonly name: string;
  readonly #room: string;
  readonly #pause: number;
  /** The last message of each session of each other member. */
  readonly #heard = new Map<string, number>();
  sent = 0;
  received = 0;
  sessions = 0;

  constructor(name: string, room: string, pause: number) {
    this.name = name;
    this.#room = room;
    this.#pause = pause;
  }

  async live(): Promise<never> {
    while (true) {
      try {
        await this.#join();
      } catch (error) {
        if (!isOfNetwork(error)) throw error;
      }
      await sleep(5);
    }
  }

  async #join(): Promise<void> {
    const [reader, writer] = await timeout(
      30,
      () => openConnection("server", 7),
    );
    this.sessions++;
    try {
      writer.write(`${this.#room}\n`);
      await taskGroup((group) => {
        group.createTask(() => this.#listen(reader));
        group.createTask(() => this.#talk(writer));
      });
    } finally {
      writer.close();
    }
  }

  async #listen(reader: StreamReader): Promise<never> {
    for await (const line of reader) this.#hear(textOf(line));
    throw new Deno.errors.ConnectionReset("The server has gone");
  }

  #hear(line: string): void {
    // What was under way when the connection was lost may have no end.
    if (!line.endsWith("\n")) return;
    const [room, name, session, number] = line.trim().split(" ");
    assertEquals(room, this.#room);
    const key = `${name} ${session}`;
    assertGreater(Number(number), this.#heard.get(key) ?? -1, line);
    this.#heard.set(key, Number(number));
    this.received++;
  }

  async #talk(writer: StreamWriter): Promise<never> {
    for (let number = 0;; number++) {
      await sleep(this.#pause);
      const words = [this.#room, this.name, this.sessions, number];
      writer.write(`${words.join(" ")}\n`);
      this.sent++;
      await writer.drain();
    }
  }
}

/** Closes the server and all of its connections, as the page of `Server` says. */
async function shutDown(server: Server): Promise<void> {
  server.close();
  server.closeClients();
  await wait([server.waitClosed()], { timeout: 60 });
  server.abortClients();
  await server.waitClosed();
}

/** Whether it is what a network does to programs, or a group of such. */
function isOfNetwork(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isOfNetwork);
  return error instanceof TimeoutError ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionRefused ||
    error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.TimedOut;
}
