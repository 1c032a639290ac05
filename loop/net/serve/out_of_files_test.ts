// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";

const SCRIPT = `
  import { Event, getRunningLoop, openConnection, run, startServer } from ${
  JSON.stringify(new URL("../../../mod.ts", import.meta.url))
};

  /** Opens as many files as the system allows. */
  function openAll() {
    const files = [];
    try {
      while (true) files.push(Deno.openSync("/dev/null"));
    } catch {
      return files;
    }
  }

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
    // For the client's end; there is none left for the server's.
    files.pop().close();
    const [reader, writer] = await openConnection(hostname, port);
    writer.write("accepted after all\\n");
    await reported.wait();
    for (const file of files) file.close();
    console.log(new TextDecoder().decode(await reader.readLine()).trim());
    writer.close();
  });
`;

Deno.test({
  name: "Server survives that no files are left (needs a POSIX shell)",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const { stdout } = await new Deno.Command("sh", {
      args: [
        "-c",
        'ulimit -n 60; exec "$0" "$@"',
        Deno.execPath(),
        "run",
        "--allow-net",
        "--allow-read=/dev/null",
        "--no-config",
        `data:text/javascript,${encodeURIComponent(SCRIPT)}`,
      ],
      stderr: "inherit",
    }).output();
    assertEquals(new TextDecoder().decode(stdout).split("\n"), [
      "Cannot accept a connection; trying again in 1 s",
      "accepted after all",
      "",
    ]);
  },
});
