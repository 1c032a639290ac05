// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals } from "@std/assert";
import { getRunningLoop, run } from "../../mod.ts";
import type { Python } from "../peers/python.ts";
import { runPython } from "../peers/run_python.ts";

/** The actions in the callbacks of a protocol, by callback name. */
export type Hooks = Readonly<Record<string, readonly string[]>>;

class Boom extends Error {}

/** Performs the actions of a scenario and records their results. */
export class Player {
  readonly events: string[] = [];
  readonly #hooks: Hooks;
  readonly #perform: (action: string) => unknown;

  /**
   * Constructs a new instance.
   *
   * @param hooks The actions in the callbacks; `"throw"` makes one fail.
   * @param perform Performs any other action, and returns the result to record.
   */
  constructor(hooks: Hooks, perform: (action: string) => unknown) {
    this.#hooks = hooks;
    this.#perform = perform;
  }

  /**
   * Performs an action.
   *
   * @param action The action.
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
   * Performs the actions of a callback.
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
 * Names an error as the Python scripts do.
 *
 * @param error The thrown value.
 * @returns The name of its class.
 */
export function kindOf(error: unknown): string {
  return error instanceof Error ? error.constructor.name : String(error);
}

/**
 * Plays scenarios here and in Python, and expects the same events.
 *
 * @typeParam T The type of a scenario.
 * @param python The Python to compare with.
 * @param script The script that plays the scenarios there.
 * @param scenarios The scenarios.
 * @param play Plays one here and returns its events; reports to the exception handler are appended.
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
