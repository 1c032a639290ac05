// Copyright 2026 the asyncio for Deno authors. MIT license.

import { Random } from "../differential/random.ts";

/** A step of a program that both libraries can run. Times are in seconds. */
export type Step =
  | { do: "sleep"; for: number }
  | { do: "log"; id: number }
  | { do: "fail"; id: number }
  /** Puts or takes an item of the queue; then sleeps, so that the order of wake-ups at the same time matters no further. */
  | { do: "put" | "get"; id: number; for: number }
  /** A cancel scope around steps; `after` is its deadline from now on. */
  | {
    do: "scope";
    id: number;
    after: number | null;
    shield: boolean;
    steps: Step[];
  }
  /** Cancels a scope, if that has begun; then sleeps. */
  | { do: "cancel"; scope: number; for: number }
  /** Steps with a clean-up that is not interrupted. */
  | { do: "cleaned"; id: number; for: number; steps: Step[] }
  /** A group with tasks and a body. Its errors end here. */
  | { do: "group"; id: number; tasks: Step[][]; steps: Step[] }
  /** Starts a task in the innermost group. An error before the start ends here. */
  | { do: "start"; id: number; before: Step[]; after: Step[]; says: boolean };

/** Creates a random program. */
export function randomProgram(seed: number): Step[] {
  return new Generator(new Random(seed)).steps({
    depth: 0,
    isQuick: false,
    isInGroup: false,
    scopes: [],
  });
}

/** The place of a step. */
interface Place {
  readonly depth: number;
  /**
   * Whether the steps must end at once when they are cancelled. The tasks of a group are cancelled when its body ends, as
   * in asyncio; with Trio, at the same time.
   */
  readonly isQuick: boolean;
  readonly isInGroup: boolean;
  /** The scopes around it. */
  readonly scopes: readonly number[];
}

class Generator {
  readonly #random: Random;
  #ids = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  steps(place: Place): Step[] {
    const count = this.#random.integer(1, place.depth === 0 ? 5 : 3);
    return Array.from({ length: count }, () => this.#step(place));
  }

  #step(place: Place): Step {
    const random = this.#random;
    const id = ++this.#ids;
    const kind = random.choose(kindsAt(place));
    const nested = (inside: Partial<Place> = {}) =>
      this.steps({ ...place, depth: place.depth + 1, ...inside });
    // Tasks that begin at the same time have no order in Trio.
    const task = (isQuick: boolean): Step[] => [
      { do: "sleep", for: this.#time() },
      ...nested({ isQuick, isInGroup: false }),
    ];
    switch (kind) {
      case "sleep":
        return { do: kind, for: this.#time() };
      case "log":
      case "fail":
        return { do: kind, id };
      case "put":
      case "get":
        return { do: kind, id, for: this.#time() };
      case "scope": {
        // Without a deadline, nothing might end a shield.
        const after = random.chance(0.6) ? this.#time() : null;
        const shield = !place.isQuick && after !== null && random.chance(0.3);
        const steps = nested({ scopes: [...place.scopes, id] });
        return { do: kind, id, after, shield, steps };
      }
      case "cancel": {
        const scope = random.choose(place.scopes);
        return { do: kind, scope, for: this.#time() };
      }
      case "cleaned":
        return { do: kind, id, for: this.#time(), steps: nested() };
      case "group": {
        const count = random.integer(0, 3);
        const tasks = Array.from({ length: count }, () => task(false));
        const steps = nested({ isQuick: true, isInGroup: true });
        return { do: kind, id, tasks, steps };
      }
      case "start": {
        const says = random.chance(0.9);
        return { do: kind, id, before: task(true), after: task(false), says };
      }
    }
  }

  /** A time that no other one meets. */
  #time(): number {
    return Math.round(this.#random.next() * 4e6) / 1e6 + 0.001;
  }
}

function kindsAt({ depth, isQuick, isInGroup, scopes }: Place): Step["do"][] {
  const kinds: Step["do"][] = ["sleep", "sleep", "log", "put", "get"];
  if (depth < 4) kinds.push("scope", "scope");
  if (depth < 4 && !isQuick) kinds.push("cleaned", "group", "group");
  if (depth < 4 && isInGroup) kinds.push("start", "start");
  if (depth > 1) kinds.push("fail");
  if (scopes.length > 0) kinds.push("cancel");
  return kinds;
}
