// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { asyncioChart, peersChart } from "./speed_chart.ts";

const DOCS = new URL("../docs/", import.meta.url);
const report = JSON.parse(
  await Deno.readTextFile(new URL("speed.json", DOCS)),
);

Deno.test("asyncioChart() draws docs/speed.svg", async () => {
  const svg = await Deno.readTextFile(new URL("speed.svg", DOCS));
  assertEquals(svg, asyncioChart(report));
});

Deno.test("peersChart() draws docs/speed_peers.svg", async () => {
  const svg = await Deno.readTextFile(new URL("speed_peers.svg", DOCS));
  assertEquals(svg, peersChart(report));
});
