// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  formatTarget,
  gatherTargets,
  parseEntries,
  parseList,
  parseTarget,
  type Targets,
  UsageError,
} from "./targets.ts";

function parse(...texts: string[]): Targets {
  return parseEntries(texts.map((text) => ({ text, origin: "" })));
}

Deno.test("parseTarget() takes names, IPv4, and IPv6 in brackets", () => {
  const cases: [string, string, number][] = [
    ["example.com:80", "example.com", 80],
    ["Example.COM.:080", "example.com.", 80],
    ["my_host:1", "my_host", 1],
    ["localhost:65535", "localhost", 65535],
    ["192.0.2.1:22", "192.0.2.1", 22],
    ["[::1]:22", "::1", 22],
    ["[2001:DB8::1]:443", "2001:db8::1", 443],
    ["[fe80::1%eth0]:22", "fe80::1%eth0", 22],
    ["bücher.example:80", "xn--bcher-kva.example", 80],
  ];
  for (const [text, host, port] of cases) {
    assertEquals(parseTarget(text), { host, port, name: null, send: null });
  }
});

Deno.test("parseTarget() names what was expected and what was received", () => {
  const cases: [string, string][] = [
    [
      "",
      'expected host:port, as in example.com:80, 192.0.2.1:80 or [::1]:22, but got ""',
    ],
    ["example.com", 'but got "example.com"'],
    ["https://example.com", "expected host:port"],
    ["x:y:z", "expected host:port"],
    [":80", 'expected a host name or an address, but got "" in ":80"'],
    ["a b:80", 'expected a host name or an address, but got "a b"'],
    ["a..b:80", 'but got "a..b"'],
    ["a/b:80", "expected host:port"],
    ["user@host:80", 'but got "user@host"'],
    ["300.1.1.1:80", 'but got "300.1.1.1"'],
    ["1.2.3:80", 'but got "1.2.3"'],
    ["host:", 'expected a port from 1 to 65535, but got "" in "host:"'],
    ["host:0", 'expected a port from 1 to 65535, but got "0" in "host:0"'],
    ["host:65536", 'but got "65536"'],
    ["host:http", 'but got "http"'],
    ["host:-1", 'but got "-1"'],
    ["host:1e3", 'but got "1e3"'],
    ["::1", "expected an IPv6 address in brackets and a port"],
    ["::1:22", "expected an IPv6 address in brackets and a port"],
    ["[::1]", "expected host:port"],
    ["[::1]22", "expected host:port"],
    ["[::g]:22", 'expected an IPv6 address in brackets, but got "::g"'],
    ["[127.0.0.1]:22", "expected an IPv6 address in brackets"],
    ["[fe80::1%]:22", "expected an IPv6 address in brackets"],
    ["\x1bcevil:80", 'but got "·cevil"'],
  ];
  for (const [text, message] of cases) {
    assertThrows(() => parseTarget(text), UsageError, message);
  }
});

Deno.test("formatTarget() returns the input of parseTarget()", () => {
  for (const text of ["example.com:80", "192.0.2.1:22", "[::1]:22"]) {
    assertEquals(formatTarget(parseTarget(text)), text);
  }
});

Deno.test("parseList() skips comments and blank lines, and counts them", () => {
  const list = "# hosts\r\n\r\na:1 # the first\r\n  b:2  \n#c:3\n\td:4";
  assertEquals(parseList(list, "hosts.txt"), [
    { text: "a:1", origin: "hosts.txt:3: " },
    { text: "b:2", origin: "hosts.txt:4: " },
    { text: "d:4", origin: "hosts.txt:6: " },
  ]);
});

Deno.test("parseEntries() keeps the first of duplicates", () => {
  const { targets, duplicates } = parse("b:2", "a:1", "B:2", "b:02", "a:2");
  assertEquals(targets.map(formatTarget), ["b:2", "a:1", "a:2"]);
  assertEquals(duplicates, 2);
});

Deno.test("parseEntries() names all invalid entries, up to a limit", () => {
  const list = "a:1\nb\nc:3\nd:x";
  const error = assertThrows(
    () => parseEntries(parseList(list, "hosts.txt")),
    UsageError,
  );
  assertEquals(error.message.split("\n").map((line) => line.slice(0, 20)), [
    "hosts.txt:2: expecte",
    "hosts.txt:4: expecte",
  ]);
  const lines = assertThrows(() => parse(...Array(5000).fill("x")), UsageError)
    .message.split("\n");
  assertEquals(lines.length, 11);
  assertEquals(lines.at(-1), "… and 4990 more like these");
});

Deno.test("gatherTargets() takes arguments first, then files", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "\uFEFFb:2\na:1\n");
  const { targets } = await gatherTargets({ targets: ["c:3"], files: [file] });
  assertEquals(targets.map(formatTarget), ["c:3", "b:2", "a:1"]);
  await Deno.remove(file);
});

Deno.test("gatherTargets() rejects a missing or empty file", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "# nothing\n\n");
  await assertRejects(
    () => gatherTargets({ targets: [], files: [file] }),
    UsageError,
    "expected one host:port a line, but there is none",
  );
  await Deno.remove(file);
  await assertRejects(
    () => gatherTargets({ targets: [], files: [file] }),
    UsageError,
    "--file expected a list that can be read",
  );
});
