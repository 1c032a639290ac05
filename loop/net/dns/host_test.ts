// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { hostAndPort, ipLiteralOf, isSameHost } from "./host.ts";

Deno.test("ipLiteralOf() distinguishes addresses from names", () => {
  const addresses: [host: string, hostname: string, family: number][] = [
    ["127.0.0.1", "127.0.0.1", 4],
    ["255.255.255.255", "255.255.255.255", 4],
    ["::", "::", 6],
    ["[::1]", "::1", 6],
    ["2001:db8::1", "2001:db8::1", 6],
    ["fe80::1%eth0", "fe80::1%eth0", 6],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1", 6],
  ];
  for (const [host, hostname, family] of addresses) {
    assertEquals(ipLiteralOf(host) as unknown, { hostname, family }, host);
  }
  const names = [
    "localhost",
    "1",
    "127.1",
    "256.0.0.1",
    "1.2.3.4.5",
    "1.2.3.x",
    "a:b",
    ":::",
    "[::1",
    "",
  ];
  for (const name of names) assertEquals(ipLiteralOf(name), null, name);
});

Deno.test("hostAndPort() puts IPv6 in brackets", () => {
  assertEquals(hostAndPort("127.0.0.1", 1), "127.0.0.1:1");
  assertEquals(hostAndPort("::1", 1), "[::1]:1");
  assertEquals(hostAndPort("[::1]", 1), "[::1]:1");
  assertEquals(hostAndPort(null, 1), "localhost:1");
});

Deno.test("isSameHost() compares addresses regardless of notation", () => {
  const pairs: [one: string, other: string, isSame: boolean][] = [
    ["127.0.0.1", "127.0.0.1", true],
    ["127.0.0.1", "127.0.0.2", false],
    ["::1", "0:0:0:0:0:0:0:1", true],
    ["::1", "::2", false],
    ["fe80::1%eth0", "fe80::1", true],
    ["FE80::A", "fe80::a", true],
    ["", "::1", false],
  ];
  for (const [one, other, isSame] of pairs) {
    assertEquals(isSameHost(one, other), isSame, `${one} and ${other}`);
  }
});
