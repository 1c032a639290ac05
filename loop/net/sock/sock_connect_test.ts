// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { createTask, getRunningLoop, run, sleep } from "../../../mod.ts";

Deno.test("loop.sockConnect() rejects where nothing listens", () =>
  run(async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { addr } = listener;
    listener.close();
    await assertRejects(
      () => getRunningLoop().sockConnect(addr),
      Deno.errors.ConnectionRefused,
    );
  }));

Deno.test("loop.sockConnect() validates its arguments", () =>
  run(async () => {
    const loop = getRunningLoop();
    await assertRejects(
      () => loop.sockConnect("localhost" as never),
      TypeError,
      'The address must be an object with a hostname and a port: received "localhost"',
    );
    await assertRejects(
      () => loop.sockConnect({ hostname: "localhost", port: 65536 }),
      RangeError,
      "received 65536",
    );
    await assertRejects(
      () => loop.sockConnect(null as never),
      TypeError,
      "received null",
    );
  }));

Deno.test(
  "loop.sockConnect() connects to a Unix socket",
  { ignore: Deno.build.os === "windows" },
  () =>
    run(async () => {
      const loop = getRunningLoop();
      const folder = await Deno.makeTempDir();
      const path = `${folder}/socket`;
      using listener = Deno.listen({ transport: "unix", path });
      using client = await loop.sockConnect({ transport: "unix", path });
      const [conn] = await loop.sockAccept(listener);
      using server = conn;
      await loop.sockSendAll(client, "hello");
      assertEquals((await loop.sockRecv(server, 9)).length, 5);
      await Deno.remove(folder, { recursive: true });
    }),
);

Deno.test("loop.sockConnect() closes the connection when cancelled", () =>
  run(async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    let attempts = 0;
    for (let steps = 0; steps < 8; steps++) {
      const task = createTask(() =>
        getRunningLoop().sockConnect(listener.addr)
      );
      for (let i = 0; i < steps; i++) await sleep(0);
      task.cancel();
      await task.then((conn) => conn.close(), () => attempts++);
    }
    assert(attempts > 0);
  }));
