// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertGreater } from "@std/assert";
import {
  getRunningLoop,
  openConnection,
  sleep,
  type StreamReader,
  type StreamWriter,
} from "../../mod.ts";
import { inVirtualTime, MemoryNetwork } from "../../testing/mod.ts";
import { type ChatOptions, type ChatServer, startChat } from "./chat.ts";

/** A client at a host of that name. */
class Guest {
  readonly #reader: StreamReader;
  readonly writer: StreamWriter;

  constructor(reader: StreamReader, writer: StreamWriter) {
    this.#reader = reader;
    this.writer = writer;
  }

  say(line: string): void {
    this.writer.write(`${line}\n`);
  }

  async hear(): Promise<string> {
    const line = await this.#reader.readLine();
    return new TextDecoder().decode(line).trimEnd();
  }

  async hearAll(): Promise<string[]> {
    const text = new TextDecoder().decode(await this.#reader.read());
    return text.split("\r\n").slice(0, -1);
  }
}

/** Runs a test with a chat on a network in memory, in virtual time. */
function withChat(
  body: (network: MemoryNetwork, server: ChatServer) => Promise<void>,
  options: ChatOptions = {},
): () => Promise<void> {
  return async () => {
    const network = new MemoryNetwork();
    await inVirtualTime(async () => {
      {
        await using server = await network.at(
          "chat",
          () => startChat("chat", 7, options),
        );
        await body(network, server);
      }
      await sleep(1); // closed connections are closed at both ends
      assertEquals(network.connections, 0);
    }, { network })();
  };
}

async function connect(network: MemoryNetwork, host: string): Promise<Guest> {
  return new Guest(...await network.at(host, () => openConnection("chat", 7)));
}

/** Connects, and enters the hall. */
async function join(network: MemoryNetwork, name: string): Promise<Guest> {
  const guest = await connect(network, name);
  guest.say(name);
  for (const start of ["* What", "* Hello", `* ${name} has come`]) {
    const line = await guest.hear();
    assert(line.startsWith(start), line);
  }
  return guest;
}

Deno.test(
  "Chat says what a member says to the others in the room",
  withChat(async (network) => {
    const [ann, bob, eve] = [
      await join(network, "Ann"),
      await join(network, "Bob"),
      await join(network, "Eve"),
    ];
    assertEquals(await ann.hear(), "* Bob has come to hall");
    assertEquals(await ann.hear(), "* Eve has come to hall");
    assertEquals(await bob.hear(), "* Eve has come to hall");

    eve.say("/join garden");
    assertEquals(await eve.hear(), "* Eve has come to garden");
    assertEquals(await bob.hear(), "* Eve has left");
    ann.say("Is she\u001b[2J gone?");
    assertEquals(await bob.hear(), "Ann: Is she[2J gone?");
    bob.say("/who");
    assertEquals(await bob.hear(), "* Here: Ann, Bob");
    bob.say("/rooms");
    assertEquals(await bob.hear(), "* Rooms: garden, hall");
    bob.say("/join");
    assertEquals(await bob.hear(), "* Which room?");

    bob.writer.close();
    assertEquals(await ann.hear(), "* Eve has left");
    assertEquals(await ann.hear(), "* Bob has left");
    eve.say("/quit");
    assertEquals(await eve.hearAll(), ["* Good bye"]);
    eve.writer.close();
    ann.writer.close();
  }),
);

Deno.test(
  "Chat asks until it has a name that is free",
  withChat(async (network) => {
    const ann = await join(network, "Ann");
    const other = await connect(network, "other");
    assertEquals(await other.hear(), "* What is your name?");
    other.say("Ann");
    assertEquals(await other.hear(), "* That name is taken");
    await other.hear();
    other.say("An n");
    assertEquals(await other.hear(), "* A name has 1 to 20 letters and digits");
    other.writer.close();
    ann.writer.close();
  }),
);

Deno.test(
  "Chat has no more connections than it may have",
  withChat(async (network) => {
    const ann = await join(network, "Ann");
    const other = await connect(network, "other");
    assertEquals(await other.hearAll(), ["* The chat is full"]);
    other.writer.close();
    ann.writer.close();
    await sleep(1);
    const next = await join(network, "Next");
    next.writer.close();
  }, { maxConnections: 1 }),
);

Deno.test(
  "Chat hangs up on who says nothing, without a name and with one",
  withChat(async (network) => {
    const [silent, ann] = [
      await connect(network, "silent"),
      await join(network, "Ann"),
    ];
    assertEquals(await silent.hearAll(), [
      "* What is your name?",
      "* You said nothing for too long",
    ]);
    silent.writer.close();
    assertEquals(await ann.hearAll(), ["* You said nothing for too long"]);
    ann.writer.close();
  }),
);

Deno.test(
  "Chat hangs up on who sends a line without an end",
  withChat(async (network) => {
    const ann = await join(network, "Ann");
    ann.writer.write("x".repeat(5000));
    assertEquals(await ann.hearAll(), ["* That line is too long"]);
    ann.writer.close();
  }),
);

Deno.test(
  "Chat pauses after each line of a member",
  withChat(async (network) => {
    const [ann, bob] = [await join(network, "Ann"), await join(network, "Bob")];
    await ann.hear();
    const loop = getRunningLoop();
    const start = loop.time();
    for (let i = 0; i < 21; i++) bob.say(`${i}`);
    for (let i = 0; i < 21; i++) assertEquals(await ann.hear(), `Bob: ${i}`);
    assertGreater(loop.time() - start, 1);
    ann.writer.close();
    bob.writer.close();
  }),
);

Deno.test(
  "Chat cuts off who does not read, and no other has to wait",
  withChat(async (network) => {
    const [ann, bob] = [await join(network, "Ann"), await join(network, "Bob")];
    await ann.hear();
    const deaf = await join(network, "Deaf");
    deaf.writer.transport.pauseReading();
    await ann.hear();
    await bob.hear();
    let heard;
    let said = 0;
    do {
      ann.say("x".repeat(1000));
      assert(++said < 200);
      heard = await bob.hear();
    } while (heard !== "* Deaf has left");
    assertGreater(said, 100);
    for (const { writer } of [ann, bob, deaf]) writer.transport.abort();
  }),
);

Deno.test(
  "Chat notices that a host has crashed when it says something to it",
  withChat(async (network) => {
    const [ann, bob] = [await join(network, "Ann"), await join(network, "Bob")];
    await ann.hear();
    network.crash("Bob");
    ann.say("Bob?");
    assertEquals(await ann.hear(), "* Bob has left");
    ann.writer.close();
    bob.writer.close();
  }),
);

Deno.test(
  "Chat says good-bye when it closes",
  withChat(async (network, server) => {
    const ann = await join(network, "Ann");
    await server[Symbol.asyncDispose]();
    assertEquals(await ann.hearAll(), ["* The chat closes"]);
    ann.writer.close();
  }),
);
