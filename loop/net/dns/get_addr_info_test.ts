// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CancelledError,
  createTask,
  getRunningLoop,
  run,
  sleep,
} from "../../../mod.ts";
import type { AddrInfo, AddrInfoOptions } from "./get_addr_info.ts";

function look(
  host: string | null,
  port: number | null = 80,
  options: AddrInfoOptions = {},
): Promise<AddrInfo[]> {
  return getRunningLoop().getAddrInfo(host, port, options);
}

async function hostnames(
  host: string | null,
  options: AddrInfoOptions = {},
): Promise<string[]> {
  return (await look(host, 80, options)).map(({ hostname }) => hostname);
}

Deno.test(
  "loop.getAddrInfo() returns addresses unchanged, without permission",
  {
    permissions: "none",
  },
  () =>
    run(async () => {
      assertEquals(await look("127.0.0.1"), [
        { transport: "tcp", hostname: "127.0.0.1", port: 80, family: 4 },
      ]);
      assertEquals(await look("::1", null, { transport: "udp" }), [
        { transport: "udp", hostname: "::1", port: 0, family: 6 },
      ]);
      assertEquals(await hostnames("fe80::1%eth0"), ["fe80::1%eth0"]);
      assertEquals(await hostnames("[::ffff:1.2.3.4]"), ["::ffff:1.2.3.4"]);
    }),
);

Deno.test("loop.getAddrInfo() returns loopback addresses without a host", {
  permissions: "none",
}, () =>
  run(async () => {
    assertEquals(await hostnames(null), ["::1", "127.0.0.1"]);
    assertEquals(await hostnames(""), ["::1", "127.0.0.1"]);
    assertEquals(await hostnames(null, { passive: true }), ["0.0.0.0", "::"]);
    assertEquals(await hostnames(null, { family: 4 }), ["127.0.0.1"]);
    assertEquals(await hostnames(null, { passive: true, family: 6 }), ["::"]);
  }));

Deno.test("loop.getAddrInfo() resolves host names", () =>
  run(async () => {
    const infos = await look("localhost", 1);
    assert(infos.length > 0);
    for (const { transport, hostname, port, family } of infos) {
      assertEquals(transport, "tcp");
      assertEquals(hostname, family === 4 ? "127.0.0.1" : "::1");
      assertEquals(port, 1);
    }
    assertEquals(await hostnames("localhost", { family: 4 }), ["127.0.0.1"]);
  }));

Deno.test("loop.getAddrInfo() rejects with NotFound for a host without an address", () =>
  run(async () => {
    for (const host of ["nowhere.invalid", "a b", "1:2"]) {
      const error = await assertRejects(
        () => look(host, 5),
        Deno.errors.NotFound,
        `Cannot find an address of ${host.includes(":") ? "[1:2]" : host}:5: `,
      );
      assertEquals((error as Error & { code: string }).code, "ENOTFOUND");
    }
    const error = await assertRejects(
      () => look("127.0.0.1", 5, { family: 6 }),
      Deno.errors.NotFound,
      "127.0.0.1:5: it has no IPv6",
    );
    assertEquals((error as Error & { code: string }).code, "ENOTFOUND");
  }));

Deno.test("loop.getAddrInfo() names the missing permission", {
  permissions: { net: ["127.0.0.1"] },
}, () =>
  run(async () => {
    await assertRejects(
      () => look("localhost"),
      Deno.errors.NotCapable,
      "run again with --allow-net=localhost",
    );
  }));

Deno.test("loop.getAddrInfo() validates its arguments", () =>
  run(async () => {
    const loop = getRunningLoop();
    await assertRejects(
      () => loop.getAddrInfo(5 as never, 1),
      TypeError,
      "The host must be a string or null: received 5",
    );
    await assertRejects(() => look("x", -1), RangeError, "received -1");
    await assertRejects(
      () => look("x", 1, { family: 5 as never }),
      RangeError,
      "received 5",
    );
    await assertRejects(
      () => look("x", 1, { transport: "sctp" as never }),
      RangeError,
      'received "sctp"',
    );
  }));

Deno.test("loop.getAddrInfo() can be cancelled", () =>
  run(async () => {
    const task = createTask(() => look("localhost"));
    await sleep(0);
    task.cancel();
    await assertRejects(() => task, CancelledError);
    // The lookup cannot be aborted; this one ends after it.
    await look("localhost");
  }));
