// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { getRunningLoop, run } from "../../mod.ts";
import type { Python } from "../peers/python.ts";
import { runPython } from "../peers/run_python.ts";

/** What is done in the callbacks of a protocol, by their names. */
export type Hooks = Readonly<Record<string, readonly string[]>>;

class Boom extends Error {}

/** Does what a scenario says, and writes down what comes of it. */
export class Player {
  readonly events: string[] = [];
  readonly #hooks: Hooks;
  readonly #perform: (action: string) => unknown;

  /**
   * Constructs a new instance.
   *
   * @param hooks What is done in the callbacks; `"throw"` has one fail.
   * @param perform Does anything else, and returns what is worth being written down.
   */
  constructor(hooks: Hooks, perform: (action: string) => unknown) {
    this.#hooks = hooks;
    this.#perform = perform;
  }

  /**
   * Does something.
   *
   * @param action What.
   */
  act(action: string): void {
    let result: unknown;
    try {
      result = this.#perform(action);
    } catch (error) {
      this.events.push(`${action}: ${kindOf(error)}`);
      return;
    }
    this.events.push(
      result === undefined ? action : `${action}: ${JSON.stringify(result)}`,
    );
  }

  /**
   * Does what is to be done in a callback.
   *
   * @param event The name of the callback.
   */
  react(event: string): void {
    for (const action of this.#hooks[event] ?? []) {
      if (action === "throw") throw new Boom("boom");
      this.act(action);
    }
  }
}

/**
 * Names an error as the scripts of Python's do.
 *
 * @param error What was thrown.
 * @returns The name of its class.
 */
export function kindOf(error: unknown): string {
  return error instanceof Error ? error.constructor.name : String(error);
}

/**
 * Plays scenarios here and in Python, and expects the same events.
 *
 * @typeParam T The type of a scenario.
 * @param python Which Python.
 * @param script Where the script is that plays them there.
 * @param scenarios What is played.
 * @param play Plays one here, and returns its events; what is reported to the loop meanwhile comes after them.
 */
export async function assertPlaysAsPython<T>(
  python: Python,
  script: URL,
  scenarios: readonly T[],
  play: (scenario: T) => Promise<unknown[]>,
): Promise<void> {
  const question = JSON.stringify(scenarios);
  const expected = JSON.parse(await runPython(python, script, [], question));
  await run(async () => {
    for (const [index, scenario] of scenarios.entries()) {
      const reports: string[] = [];
      getRunningLoop().setExceptionHandler((_, { exception }) => {
        reports.push(`reported: ${kindOf(exception)}`);
      });
      const events = await play(scenario);
      assertEquals(
        { scenario, events: [...events, ...reports] },
        { scenario, events: expected[index] },
      );
    }
  });
}
