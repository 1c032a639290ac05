// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals } from "@std/assert";
import { Example, LOOPBACK, portOf } from "../tests/doubles/example.ts";

/** A client, line by line. */
class Client implements Disposable {
  readonly #conn: Deno.Conn;
  readonly #memory = new Uint8Array(1 << 16);
  #text = "";

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  async say(line: string): Promise<void> {
    const writer = this.#conn.writable.getWriter();
    await writer.write(new TextEncoder().encode(`${line}\n`));
    writer.releaseLock();
  }

  /** The next line, without the number of the guest; `null` at the end. */
  async hear(): Promise<string | null> {
    while (!this.#text.includes("\n")) {
      const count = await this.#conn.read(this.#memory);
      if (count === null) return null;
      const bytes = this.#memory.subarray(0, count);
      this.#text += new TextDecoder().decode(bytes);
    }
    const [line, ...rest] = this.#text.split("\n");
    this.#text = rest.join("\n");
    return line!.replace(/guest-\d+/, "guest");
  }

  async hearUntil(isMeant: (line: string) => boolean): Promise<string[]> {
    const lines: string[] = [];
    while (true) {
      const line = await this.hear();
      if (line === null) return lines;
      lines.push(line);
      if (isMeant(line)) return lines;
    }
  }

  [Symbol.dispose](): void {
    try {
      this.#conn.close();
    } catch {
      // It is closed already.
    }
  }
}

async function startChat(): Promise<{
  chat: Example;
  join: () => Promise<Client>;
}> {
  const chat = new Example("broadcast_chat.ts", LOOPBACK, ["0"]);
  const port = Number(portOf(await chat.nextLine()));
  return {
    chat,
    join: async () =>
      new Client(await Deno.connect({ hostname: "127.0.0.1", port })),
  };
}

Deno.test({
  name: "broadcast_chat tells everyone what anyone says, until it closes",
  ignore: Deno.build.os === "windows",
  async fn() {
    const { chat, join } = await startChat();
    await using _ = chat;
    using ann = await join();
    using bob = await join();
    for (const count of [2, 1]) {
      const client = count === 2 ? ann : bob;
      for (let i = 0; i < count; i++) {
        assertEquals(await client.hear(), "* guest comes");
      }
    }
    await ann.say("hello");
    for (const client of [ann, bob]) {
      const lines = await client.hearUntil((line) => line.endsWith("hello"));
      assertEquals(lines.at(-1), "guest: hello");
    }
    bob[Symbol.dispose]();
    await ann.hearUntil((line) => line === "* guest goes");
    chat.signal("SIGTERM");
    assertEquals(await ann.hear(), "* the chat closes");
    assertEquals(await ann.hear(), null);
    const { code, stderr } = await chat.end();
    assertEquals(stderr, "KeyboardInterrupt: Interrupted by SIGTERM\n");
    assertEquals(code, 143);
  },
});

Deno.test("broadcast_chat does not wait for a slow reader, who misses lines", async () => {
  const { chat, join } = await startChat();
  await using _ = chat;
  using slow = await join();
  using ann = await join();
  await ann.hear();
  const long = "x".repeat(50_000);
  for (let i = 0; i < 500; i++) {
    await ann.say(`${i} ${long}`);
    const [line] = await ann.hearUntil((line) => line.startsWith("guest: "));
    assert(line!.startsWith(`guest: ${i} `));
  }
  await ann.say("end");
  const lines = await slow.hearUntil((line) => line === "guest: end");
  const missed = lines.filter((line) => line.startsWith("* you missed"));
  assert(missed.length > 0, "no line is missed");
  assert(lines.length < 450);
});
