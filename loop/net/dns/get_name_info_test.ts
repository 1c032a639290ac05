// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertRejects } from "@std/assert";
import { getRunningLoop, run } from "../../../mod.ts";

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
