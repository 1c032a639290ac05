// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { TimeoutError } from "@asyncio/asyncio";
import { failureOf } from "./outcome.ts";

Deno.test("failureOf() tells the kinds apart", () => {
  const noRoute = Object.assign(new Error("No route to host (os error 113)"), {
    code: "EHOSTUNREACH",
  });
  const cases: [unknown, string][] = [
    [new Deno.errors.ConnectionRefused("Connection refused"), "refused"],
    [new TimeoutError(), "timed out"],
    [new Deno.errors.TimedOut("Connection timed out"), "timed out"],
    [new Deno.errors.ConnectionReset("Connection reset by peer"), "reset"],
    [new Deno.errors.BrokenPipe("Broken pipe"), "reset"],
    [new Deno.errors.NetworkUnreachable("unreachable"), "unreachable"],
    [noRoute, "unreachable"],
    [new Deno.errors.NotFound("Cannot find an address of a:1"), "unresolved"],
    [new Error("Too many open files (os error 24)"), "other"],
    [new Deno.errors.NotCapable('Requires net access to "a:1"'), "other"],
    ["thrown", "other"],
  ];
  for (const [error, kind] of cases) {
    assertEquals(failureOf(error, 3).kind, kind, String(error));
  }
});

Deno.test("failureOf() gives messages that are safe to print", () => {
  assertEquals(failureOf(new Error("a\x1b[2Jb"), 3), {
    kind: "other",
    message: "a·[2Jb",
  });
  assertEquals(
    failureOf(new TimeoutError(), 0.5).message,
    "no connection within 0.5 s",
  );
});
