// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  Future,
  getRunningLoop,
  PIPE,
  SubprocessProtocol,
  type SubprocessTransport,
} from "../../mod.ts";
import {
  assertPlaysAsPython,
  type Hooks,
  kindOf,
  Player,
} from "../doubles/scenario.ts";
import { findPython } from "../peers/python.ts";

/** What happens to a process, and what its protocol does in its callbacks. */
interface Scenario {
  readonly command: string;
  /** Which of its standard streams are pipes. */
  readonly pipes: readonly ("stdin" | "stdout" | "stderr")[];
  readonly hooks: Hooks;
  /** The operations after the start of the process. */
  readonly steps: readonly string[];
}

// The order of events is the system's where they have different reasons. So each of them waits for the one before.

const piped = (
  command: string,
  steps: string[],
  hooks: Hooks = {},
): Scenario => ({ command, pipes: ["stdin", "stdout"], hooks, steps });
const unpiped = (
  command: string,
  steps: string[],
  hooks: Hooks = {},
): Scenario => ({ command, pipes: [], hooks, steps });

const SLOWLY =
  "read -r _; echo; read -r _; exec >&-; read -r _; exec <&-; exec sleep 60";
const TO_THE_END = [
  "line",
  "wait data 1",
  "line",
  "wait lost 1",
  "close stdin",
  "wait lost 0",
  "hang up",
];

const SCENARIOS: readonly Scenario[] = [
  unpiped("exit 3", ["no such pipe", "wait lost", "code", "kill"]),
  unpiped("exec sleep 60", [
    "code",
    "kill",
    "wait exited",
    "code",
    "wait lost",
  ]),
  unpiped("exec sleep 60", ["terminate", "kill", "code", "wait lost"]),
  unpiped("exec sleep 60", ["hang up", "wait lost", "code", "terminate"]),
  unpiped("exec sleep 60", ["close", "is closing", "close", "wait lost"]),
  unpiped("exec sleep 60", ["close", "kill", "wait lost"]),
  unpiped("exit 0", ["wait lost", "is closing", "close", "is closing"]),
  unpiped("exit 1", [], { made: ["throw"] }),
  unpiped("exit 1", [], { exited: ["throw"] }),
  unpiped("exit 1", [], { lost: ["throw"] }),
  unpiped("exit 1", [], { exited: ["close", "is closing", "code"] }),
  unpiped("exec sleep 60", [], { made: ["code", "kill"] }),
  piped("exec 3<&0; cat <&3 & exit 4", [
    "wait exited",
    "line",
    "wait data 1",
    "close stdin",
    "wait lost 1",
    "code",
  ]),
  piped(SLOWLY, TO_THE_END),
  piped(SLOWLY, TO_THE_END, { "data 1": ["throw"] }),
  piped(SLOWLY, TO_THE_END, { "lost 1": ["throw"] }),
  piped(SLOWLY, TO_THE_END, { "lost 0": ["throw"] }),
  piped(SLOWLY, TO_THE_END, { "lost 1": ["is stdout closing"] }),
  piped(SLOWLY, TO_THE_END, { "lost 0": ["is stdin closing"] }),
  piped("exec sleep 60", ["close stdout", "is stdout closing", "wait lost 1"], {
    "lost 1": ["close stdin"],
    "lost 0": ["hang up", "code"],
  }),
  piped(
    "exec sleep 60",
    ["close stdin", "line", "close stdin", "wait lost 0"],
    {
      "lost 0": ["close stdout"],
      "lost 1": ["hang up"],
    },
  ),
  piped("exec sleep 60", ["abort stdin", "is stdin closing", "wait lost 0"], {
    "lost 0": ["close stdout", "line"],
    "lost 1": ["close"],
  }),
  piped("exec cat", ["pause stdout", "line", "resume stdout"], {
    "data 1": ["close stdout"],
    "lost 1": ["abort stdin"],
    "lost 0": ["terminate"],
  }),
  piped("exec cat >/dev/null", ["much", "wait resume writing", "close stdin"], {
    "pause writing": ["throw"],
    "resume writing": ["throw"],
    "lost 0": ["close stdout"],
  }),
  piped("exec sleep 60", ["much", "is stdin closing", "abort stdin"], {
    "lost 0": ["close stdout"],
    "lost 1": ["kill"],
  }),
];

class Scripted extends SubprocessProtocol {
  readonly player: Player;
  readonly outputs: [number, number, number] = [0, 0, 0];
  readonly #seen = new Set<string>();
  #transport!: SubprocessTransport;
  #waiting: { event: string; waiter: Future<void> } | null = null;

  constructor(hooks: Hooks) {
    super();
    this.player = new Player(hooks, (action) => this.#perform(action));
  }

  async wait(event: string): Promise<void> {
    if (this.#seen.has(event)) return;
    const waiter = new Future<void>();
    this.#waiting = { event, waiter };
    await waiter;
  }

  override connectionMade(transport: SubprocessTransport): void {
    this.#transport = transport;
    this.#happened("made");
  }

  override pipeDataReceived(fd: 1 | 2, data: Uint8Array): void {
    this.outputs[fd] += data.length;
    this.#happened(`data ${fd}`);
  }

  override pipeConnectionLost(fd: number, error: Error | null): void {
    this.#happened(
      error === null ? `lost ${fd}` : `lost ${fd}: ${kindOf(error)}`,
    );
  }

  override pauseWriting(): void {
    this.#happened("pause writing");
  }

  override resumeWriting(): void {
    this.#happened("resume writing");
  }

  override processExited(): void {
    this.#happened("exited");
  }

  override connectionLost(error: Error | null): void {
    this.#happened(error === null ? "lost" : `lost: ${kindOf(error)}`);
  }

  #happened(event: string): void {
    if (!this.#seen.has(event) || !event.startsWith("data")) {
      this.player.events.push(event);
    }
    this.#seen.add(event);
    if (this.#waiting?.event === event) {
      this.#waiting.waiter.setResult();
      this.#waiting = null;
    }
    this.player.react(event);
  }

  #perform(action: string): unknown {
    const transport = this.#transport;
    switch (action) {
      case "line":
        return transport.getPipeTransport(0)!.write("line\n");
      case "much":
        return transport.getPipeTransport(0)!
          .write("x".repeat(8_000_000) + "\n");
      case "close stdin":
        return transport.getPipeTransport(0)!.close();
      case "abort stdin":
        return transport.getPipeTransport(0)!.abort();
      case "close stdout":
        return transport.getPipeTransport(1)!.close();
      case "pause stdout":
        return transport.getPipeTransport(1)!.pauseReading();
      case "resume stdout":
        return transport.getPipeTransport(1)!.resumeReading();
      case "is stdin closing":
        return transport.getPipeTransport(0)!.isClosing();
      case "is stdout closing":
        return transport.getPipeTransport(1)!.isClosing();
      case "no such pipe":
        return transport.getPipeTransport(3) === null;
      case "close":
        return transport.close();
      case "kill":
        return transport.kill();
      case "terminate":
        return transport.terminate();
      case "hang up":
        return transport.sendSignal("SIGHUP");
      case "code":
        return [transport.getReturnCode()];
      case "is closing":
        return transport.isClosing();
    }
    throw new Error(`Expected an action: received ${action}`);
  }
}

async function play(scenario: Scenario): Promise<unknown[]> {
  const { command, pipes, hooks, steps } = scenario;
  const stdioOf = (name: "stdin" | "stdout" | "stderr") =>
    pipes.includes(name) ? PIPE : null;
  const [, scripted] = await getRunningLoop().subprocessShell(
    () => new Scripted(hooks),
    command,
    {
      stdin: stdioOf("stdin"),
      stdout: stdioOf("stdout"),
      stderr: stdioOf("stderr"),
    },
  );
  for (const step of steps) {
    if (step.startsWith("wait ")) {
      await scripted.wait(step.slice("wait ".length));
    } else scripted.player.act(step);
  }
  await scripted.wait("lost");
  return [...scripted.player.events, scripted.outputs];
}

const python = await findPython();

Deno.test({
  name: "Subprocess transports behave as asyncio's (needs Python)",
  ignore: python === null || Deno.build.os === "windows",
  fn: () =>
    assertPlaysAsPython(
      python!,
      new URL("subprocess_script.py", import.meta.url),
      SCENARIOS,
      play,
    ),
});
