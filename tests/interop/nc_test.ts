// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import {
  DatagramProtocol,
  type DatagramTransport,
  getRunningLoop,
  openUnixConnection,
  run,
  sleep,
  startServer,
  type StreamReader,
  type StreamWriter,
} from "../../mod.ts";

/** Returns the help of `nc`, or `null` if it is missing. */
async function usageOfNc(): Promise<string | null> {
  try {
    const { stdout, stderr } = await new Deno.Command("nc", { args: ["-h"] })
      .output();
    return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  } catch {
    return null;
  }
}

const usage = await usageOfNc();
const ignore = usage === null;
/** Only one of the programs of that name has Unix sockets. */
const ignoreUnix = !usage?.includes("OpenBSD");

function nc(...args: (string | number)[]): Deno.ChildProcess {
  return new Deno.Command("nc", {
    args: args.map(String),
    stdin: "piped",
    stdout: "piped",
  }).spawn();
}

async function send(child: Deno.ChildProcess, text: string): Promise<void> {
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  writer.releaseLock();
}

/** Ends one that would wait for more input. */
async function end(child: Deno.ChildProcess): Promise<void> {
  await child.stdin.close();
  await child.stdout.cancel();
  child.kill();
  await child.status;
}

async function shout(reader: StreamReader, writer: StreamWriter) {
  for await (const line of reader) {
    const text = new TextDecoder().decode(line);
    if (text === "quit\n") break;
    writer.write(text.toUpperCase());
  }
  writer.close();
}

Deno.test(
  `startServer() serves nc${ignore ? " (no nc)" : ""}`,
  { ignore },
  () =>
    run(async () => {
      await using server = await startServer(shout, "127.0.0.1", 0);
      const { port } = server.sockets[0]!.addr as Deno.NetAddr;
      const client = nc("127.0.0.1", port);
      await send(client, "one\ntwo\nquit\n");
      // It goes on until there is nothing to come from either side.
      await client.stdin.close();
      assertEquals(await new Response(client.stdout).text(), "ONE\nTWO\n");
      await client.status;
    }),
);

Deno.test(
  `createDatagramEndpoint() answers nc${ignore ? " (no nc)" : ""}`,
  { ignore },
  () =>
    run(async () => {
      class Shout extends DatagramProtocol {
        #transport!: DatagramTransport;

        override connectionMade(transport: DatagramTransport): void {
          this.#transport = transport;
        }

        override datagramReceived(data: Uint8Array, addr: Deno.Addr): void {
          const text = new TextDecoder().decode(data);
          this.#transport.sendTo(text.toUpperCase(), addr as Deno.NetAddr);
        }
      }
      const [transport] = await getRunningLoop().createDatagramEndpoint(
        () => new Shout(),
        { localAddr: { hostname: "127.0.0.1", port: 0 } },
      );
      const { port } = transport.getExtraInfo("sockname") as Deno.NetAddr;
      const client = nc("-u", "127.0.0.1", port);
      await send(client, "one\n");
      const answers = client.stdout.getReader();
      const { value } = await answers.read();
      assertEquals(new TextDecoder().decode(value), "ONE\n");
      answers.releaseLock();
      await end(client);
      transport.close();
    }),
);

Deno.test(
  `openUnixConnection() talks with nc${ignoreUnix ? " (no OpenBSD nc)" : ""}`,
  { ignore: ignoreUnix },
  () =>
    run(async () => {
      const directory = await Deno.makeTempDir();
      const path = `${directory}/socket`;
      const server = nc("-l", "-U", path);
      const [reader, writer] = await connectWhenThere(path);
      await send(server, "welcome\n");
      const line = await reader.readLine();
      assertEquals(new TextDecoder().decode(line), "welcome\n");
      writer.write("thanks\n");
      writer.close();
      await server.stdin.close();
      assertEquals(await new Response(server.stdout).text(), "thanks\n");
      await server.status;
      await Deno.remove(directory, { recursive: true });
    }),
);

/** nc does not report when it listens. */
async function connectWhenThere(path: string) {
  while (true) {
    try {
      return await openUnixConnection(path);
    } catch (error) {
      if (
        !(error instanceof Deno.errors.NotFound) &&
        !(error instanceof Deno.errors.ConnectionRefused)
      ) throw error;
      await sleep(0.01);
    }
  }
}
