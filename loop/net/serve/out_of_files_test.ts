// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import {
  AUTHORITY,
  LOCALHOST,
} from "../../../tests/certificates/certificates.ts";

const PRELUDE = `
  const AUTHORITY = ${JSON.stringify(AUTHORITY)};
  const LOCALHOST = ${JSON.stringify(LOCALHOST)};
  import {
    createSubprocessExec,
    Event, getRunningLoop, openConnection, openUnixConnection, Protocol, run, startServer,
    startUnixServer,
  } from ${JSON.stringify(new URL("../../../mod.ts", import.meta.url))};

  /** Opens as many files as the system allows. */
  function openAll() {
    const files = [];
    try {
      while (true) files.push(Deno.openSync("/dev/null"));
    } catch {
      return files;
    }
  }

  const text = (bytes) => new TextDecoder().decode(bytes).trim();
`;

const ACCEPTING = `
  await run(async () => {
    const reported = new Event();
    getRunningLoop().setExceptionHandler((_, { message }) => {
      console.log(message);
      reported.set();
    });
    await using server = await startServer(async (reader, writer) => {
      writer.write(await reader.readLine());
      writer.close();
    }, "127.0.0.1", 0);
    const { hostname, port } = server.sockets[0].addr;
    const files = openAll();
    // For the client's end. None is left for the server's.
    files.pop().close();
    const [reader, writer] = await openConnection(hostname, port);
    writer.write("accepted after all\\n");
    await reported.wait();
    for (const file of files) file.close();
    console.log(text(await reader.readLine()));
    writer.close();
  });
`;

const FIRST_USES = `
  await run(async () => {
    const loop = getRunningLoop();
    const addr = { hostname: "127.0.0.1", port: 0 };
    const file = await Deno.open("/dev/zero");
    const onClient = async (reader, writer) => {
      await reader.readLine();
      await loop.sendFile(writer.transport, file, { count: 3 });
      await writer.startTls(LOCALHOST);
      writer.write("encrypted\\n");
      writer.close();
    };
    await using server = await startServer(onClient, "127.0.0.1");
    const { hostname, port } = server.sockets[0].addr;
    const [reader, writer] = await openConnection(hostname, port);
    const files = openAll();
    const uses = {
      sendFile: async () => {
        writer.write("hello\\n");
        return (await reader.readExactly(3)).length;
      },
      startTls: async () => {
        await writer.startTls({ caCerts: [AUTHORITY], serverName: hostname });
        return text(await reader.readLine());
      },
      openConnection: () => openConnection(hostname, port),
      localAddr: () => openConnection(hostname, port, { localAddr: addr }),
      openUnixConnection: () => openUnixConnection("/nowhere"),
      startServer: () => startServer(onClient, hostname),
      startUnixServer: () => startUnixServer(onClient, "/nowhere"),
      datagrams: () => loop.createDatagramEndpoint(() => new Protocol(), { localAddr: addr }),
      sockConnect: () => loop.sockConnect({ hostname, port }),
      subprocess: () => createSubprocessExec("true"),
      getNameInfo: async () => (await loop.getNameInfo({ hostname, port }, 3))[0],
    };
    const outcomes = {};
    for (const [name, use] of Object.entries(uses)) {
      outcomes[name] = await use().catch(() => "fails");
    }
    for (const each of [...files, file]) each.close();
    writer.close();
    console.log(JSON.stringify(outcomes));
  });
`;

const NO_TLS = `
  await run(async () => {
    getRunningLoop().setDebug(true);
    getRunningLoop().setExceptionHandler((_, { message }) => console.log(message));
    await using server = await startServer(() => {}, "127.0.0.1", 0, { tls: LOCALHOST });
    const { hostname, port } = server.sockets[0].addr;
    const conn = await Deno.connect({ hostname, port });
    const files = openAll();
    await conn.write(new TextEncoder().encode("this is not TLS\\n"));
    await conn.read(new Uint8Array(100)).catch(() => {});
    for (const each of [...files, conn]) each.close();
    console.log("done");
  });
`;

/** Runs a program with a limit of open files. */
async function outputOf(program: string, files: number): Promise<string[]> {
  const { stdout } = await new Deno.Command("sh", {
    args: [
      "-c",
      `ulimit -n ${files}; exec "$0" "$@"`,
      Deno.execPath(),
      "run",
      "--allow-all",
      "--no-config",
      `data:text/javascript,${encodeURIComponent(PRELUDE + program)}`,
    ],
    // The check opens files in the background.
    env: { DENO_NO_UPDATE_CHECK: "1" },
    stderr: "inherit",
  }).output();
  return new TextDecoder().decode(stdout).trimEnd().split("\n");
}

const ignore = Deno.build.os === "windows";

Deno.test("Server survives that no files are left (needs a POSIX shell)", {
  ignore,
}, async () => {
  assertEquals(await outputOf(ACCEPTING, 60), [
    "Cannot accept a connection; trying again in 1 s",
    "accepted after all",
  ]);
});

Deno.test(
  "startServer() loads all that is used first when no files are left (needs a POSIX shell)",
  {
    ignore,
  },
  async () => {
    const [outcomes] = await outputOf(FIRST_USES, 100);
    assertEquals(JSON.parse(outcomes!), {
      sendFile: 3,
      startTls: "encrypted",
      openConnection: "fails",
      localAddr: "fails",
      openUnixConnection: "fails",
      startServer: "fails",
      startUnixServer: "fails",
      datagrams: "fails",
      sockConnect: "fails",
      subprocess: "fails",
      getNameInfo: "127.0.0.1",
    });
  },
);

Deno.test(
  "startServer() with TLS survives what is not TLS when no files are left (needs a POSIX shell)",
  {
    ignore,
  },
  async () => {
    const output = await outputOf(NO_TLS, 100);
    assertEquals(output.at(-1), "done");
  },
);
