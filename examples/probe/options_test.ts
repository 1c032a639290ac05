// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertThrows } from "@std/assert";
import { parseOptions } from "./options.ts";
import { UsageError } from "./targets.ts";

Deno.test("parseOptions() has defaults", () => {
  assertEquals(parseOptions([]), {
    targets: [],
    files: [],
    concurrency: 50,
    timeout: 3,
    send: null,
    json: false,
    help: false,
  });
});

Deno.test("parseOptions() takes every option, and targets anywhere", () => {
  const args =
    "a:1 --file x --file=- --concurrency 500 --timeout .5 --send= b:2 --json -h";
  assertEquals(parseOptions(args.split(" ")), {
    targets: ["a:1", "b:2"],
    files: ["x", "-"],
    concurrency: 500,
    timeout: 0.5,
    send: "",
    json: true,
    help: true,
  });
});

Deno.test("parseOptions() names what was expected and what was received", () => {
  const cases: [string, string][] = [
    ["--fast", "expected host:port targets and the options --file, "],
    ["--fast", "but: Unknown option '--fast'"],
    ["--timeout", "but: Option '--timeout <value>' argument missing"],
    ["--json=yes", "but: Option '--json' does not take an argument"],
    ["--concurrency 0", 'a whole number of 1 or more, but got "0"'],
    ["--concurrency 2.5", 'a whole number of 1 or more, but got "2.5"'],
    ["--concurrency many", 'a whole number of 1 or more, but got "many"'],
    ["--timeout 0", 'more than 0 and at most 3600, but got "0"'],
    ["--timeout=-1", 'more than 0 and at most 3600, but got "-1"'],
    ["--timeout 1e9", 'more than 0 and at most 3600, but got "1e9"'],
    ["--timeout 3601", 'more than 0 and at most 3600, but got "3601"'],
    ["--timeout=", 'more than 0 and at most 3600, but got ""'],
    ["--timeout .", 'more than 0 and at most 3600, but got "."'],
  ];
  for (const [args, message] of cases) {
    assertThrows(() => parseOptions(args.split(" ")), UsageError, message);
  }
});
