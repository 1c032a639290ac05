// Copyright 2026 the asyncio for Deno authors. MIT license.

import { FAILURE_KINDS, type Outcome } from "./outcome.ts";
import type { Target, Targets } from "./targets.ts";

/** What is being probed, and what is known of it so far. */
export class Survey {
  readonly targets: Target[];
  /** How many targets were left out since they had been named before. */
  readonly duplicates: number;
  /** In the order in which they came in. */
  readonly outcomes: Outcome[] = [];
  /** Whether it was ended before all was known. */
  interrupted = false;
  /** How long it took, in seconds. */
  elapsed = 0;

  constructor({ targets, duplicates }: Targets) {
    this.targets = targets;
    this.duplicates = duplicates;
  }

  /** How many targets have failed so far. */
  get failed(): number {
    return this.outcomes.filter(({ failure }) => failure !== null).length;
  }

  /** How many targets have answered so far. */
  get answered(): number {
    return this.outcomes.length - this.failed;
  }

  /** The targets of which nothing is known yet. */
  get pending(): Target[] {
    const known = new Set(this.outcomes.map(({ target }) => target));
    return this.targets.filter((target) => !known.has(target));
  }

  /** The latencies that are known, the shortest first. */
  get latencies(): number[] {
    return this.outcomes.flatMap(({ latency }) => latency ?? [])
      .sort((a, b) => a - b);
  }

  /** Those that answered by latency, then the failures by kind; equals as they were named. */
  get sorted(): Outcome[] {
    const place = new Map(this.targets.map((target, index) => [target, index]));
    return this.outcomes.toSorted((a, b) =>
      rank(a) - rank(b) ||
      latencyOf(a) - latencyOf(b) ||
      (place.get(a.target) ?? 0) - (place.get(b.target) ?? 0)
    );
  }
}

function rank({ failure }: Outcome): number {
  return failure === null ? -1 : FAILURE_KINDS.indexOf(failure.kind);
}

function latencyOf({ latency }: Outcome): number {
  return latency ?? Number.MAX_VALUE;
}
