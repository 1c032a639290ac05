// Copyright 2026 the asyncio for Deno authors. MIT license.

import { FAILURE_KINDS, type Outcome } from "./outcome.ts";
import type { Target, Targets } from "./targets.ts";

/** The targets of a run, and the outcomes so far. */
export class Survey {
  readonly targets: Target[];
  /** The number of duplicate targets. */
  readonly duplicates: number;
  /** In the order in which they arrived. */
  readonly outcomes: Outcome[] = [];
  /** Whether the run was ended early. */
  interrupted = false;
  /** The duration of the run, in seconds. */
  elapsed = 0;

  constructor({ targets, duplicates }: Targets) {
    this.targets = targets;
    this.duplicates = duplicates;
  }

  /** The number of targets that have failed so far. */
  get failed(): number {
    return this.outcomes.filter(({ failure }) => failure !== null).length;
  }

  /** The number of targets that have answered so far. */
  get answered(): number {
    return this.outcomes.length - this.failed;
  }

  /** The targets without an outcome. */
  get pending(): Target[] {
    const known = new Set(this.outcomes.map(({ target }) => target));
    return this.targets.filter((target) => !known.has(target));
  }

  /** The latencies so far, the shortest first. */
  get latencies(): number[] {
    return this.outcomes.flatMap(({ latency }) => latency ?? [])
      .sort((a, b) => a - b);
  }

  /** Targets that answered, by latency, then failures by kind; equal ones in the order of the targets. */
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
