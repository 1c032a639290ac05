// Copyright 2026 the asyncio for Deno authors. MIT license.

/** How many of the last steps a message shows. The error has all of them. */
const SHOWN_STEPS = 50;

/** Formats the steps of a schedule for a message. */
export function describeSteps(trace: readonly string[]): string {
  const shown = trace.slice(-SHOWN_STEPS);
  const headline = shown.length < trace.length
    ? `The last ${shown.length} of its ${trace.length} steps:`
    : "Its steps:";
  return [headline, ...shown.map((step) => `  ${step}`)].join("\n");
}
