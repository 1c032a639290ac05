// Copyright 2026 the asyncio for Deno authors. MIT license.

import { sleep } from "@asyncio/asyncio";
import { shorten } from "./printable.ts";
import type { Survey } from "./survey.ts";

const INTERVAL = 0.1;
const ERASE_LINE = "\r\x1b[K";

/** Rewrites one line with the progress until it is cancelled, and then erases it. */
export async function showProgress(
  survey: Survey,
  write: (text: string) => void = writeToTerminal,
): Promise<never> {
  try {
    for (;;) {
      write(ERASE_LINE + shorten(progressOf(survey), columns() - 1));
      await sleep(INTERVAL);
    }
  } finally {
    write(ERASE_LINE);
  }
}

/** Returns the progress as a line. */
export function progressOf(survey: Survey): string {
  const { targets, outcomes, answered, failed } = survey;
  return `Probed ${outcomes.length} of ${targets.length}: ${answered} answered, ${failed} failed`;
}

function writeToTerminal(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}

function columns(): number {
  // A terminal may report no columns
  return Deno.stderr.isTerminal() && Deno.consoleSize().columns || 80;
}
