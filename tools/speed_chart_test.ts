// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { speedChart } from "./speed_chart.ts";

Deno.test("docs/speed.svg is the chart of docs/speed.json", async () => {
  const docs = new URL("../docs/", import.meta.url);
  const json = await Deno.readTextFile(new URL("speed.json", docs));
  const svg = await Deno.readTextFile(new URL("speed.svg", docs));
  assertEquals(svg, speedChart(JSON.parse(json)));
});
