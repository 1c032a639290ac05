// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  CancelledError,
  createTask,
  getRunningLoop,
  run,
  sleep,
} from "../../../mod.ts";
import type { AddrInfo, AddrInfoOptions } from "./names.ts";

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

const NI_NUMERICHOST = 1;
const NI_NUMERICSERV = 2;
const NI_NAMEREQD = 8;
const NUMERIC = NI_NUMERICHOST | NI_NUMERICSERV;

function name(
  hostname: string,
  port: number,
  flags?: number,
): Promise<[string, string]> {
  return getRunningLoop().getNameInfo({ hostname, port }, flags);
}

Deno.test("loop.getNameInfo() needs no permission for a numeric result", {
  permissions: "none",
}, () =>
  run(async () => {
    assertEquals(await name("127.0.0.1", 80, NUMERIC), ["127.0.0.1", "80"]);
    assertEquals(await name("::1", 80, NUMERIC), ["::1", "80"]);
    await assertRejects(
      () => name("127.0.0.1", 80),
      Deno.errors.NotCapable,
      "--allow-net",
    );
  }));

Deno.test("loop.getNameInfo() resolves addresses and ports to names", () =>
  run(async () => {
    const [host, service] = await name("127.0.0.1", 9);
    assertEquals(await name("127.0.0.1", 9, NI_NUMERICHOST), [
      "127.0.0.1",
      service,
    ]);
    assertEquals(await name("127.0.0.1", 9, NI_NUMERICSERV), [host, "9"]);
    const addr: Deno.NetAddr = {
      transport: "tcp",
      hostname: "127.0.0.1",
      port: 9,
    };
    assertEquals(await getRunningLoop().getNameInfo(addr), [host, service]);
  }));

Deno.test("loop.getNameInfo() returns the address of a host without a name, or rejects", () =>
  run(async () => {
    const dns = await import("node:dns");
    const { lookupService } = dns.promises;
    dns.promises.lookupService = () =>
      Promise.reject(
        Object.assign(new Error("getnameinfo ENOTFOUND"), {
          code: "ENOTFOUND",
        }),
      );
    try {
      assertEquals(await name("192.0.2.1", 80), ["192.0.2.1", "80"]);
      assertEquals(
        await name("192.0.2.1", 80, NI_NAMEREQD | NI_NUMERICHOST),
        ["192.0.2.1", "80"],
      );
      await assertRejects(
        () => name("192.0.2.1", 80, NI_NAMEREQD),
        Deno.errors.NotFound,
        "192.0.2.1:80: its host has no name",
      );
    } finally {
      dns.promises.lookupService = lookupService;
    }
  }));

Deno.test("loop.getNameInfo() validates its arguments", () =>
  run(async () => {
    await assertRejects(() => name("localhost", 1), RangeError, "localhost");
    await assertRejects(() => name("127.0.0.1", 70000), RangeError, "70000");
    for (const flags of [-1, 32, 1.5]) {
      await assertRejects(
        () => name("127.0.0.1", 1, flags),
        RangeError,
        `received ${flags}`,
      );
    }
    for (const addr of [null, "127.0.0.1", {}]) {
      await assertRejects(
        () => getRunningLoop().getNameInfo(addr as never),
        TypeError,
        "The addr must be an object with a hostname and a port: received",
      );
    }
  }));
