// Copyright 2026 the asyncio for Deno authors. MIT license.

import { OS } from "../loop/core/runtime.ts";
import type { Client } from "./_client.ts";
import { ENDING } from "./_ending_signals.ts";
import { firstRead, RECORDING, Source, whyNoAnswer } from "./_source.ts";
import {
  frame,
  newView,
  ORDERS,
  PANELS,
  type TopData,
  type TopView,
} from "./_top_frame.ts";

/** How often the program is asked, in milliseconds. */
const INTERVAL = 1000;

/** Shows a program live in the terminal until a key ends it; elsewhere prints one picture of it. */
export async function top(connect: () => Promise<Client>): Promise<void> {
  const source = new Source(connect);
  if (!Deno.stdout.isTerminal() || !Deno.stdin.isTerminal()) {
    await source.read();
    await pause(INTERVAL);
    const data = await source.read();
    const view = newView();
    const screens = PANELS.map((panel) =>
      frame(data, { ...view, panel }, 80, 24).slice(0, -1)
    );
    console.log(
      screens.map((lines) => lines.join("\n").trimEnd()).join("\n\n"),
    );
    await source[Symbol.asyncDispose]();
    return;
  }
  await new Screen(source, await firstRead(source)).run();
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

// On the alternate screen, without a cursor; and back.
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J";
const LEAVE = "\x1b[?25h\x1b[?1049l";

class Screen {
  readonly #source: Source;
  readonly #view = newView();
  readonly #over = Promise.withResolvers<void>();
  #data: TopData | null;
  #isOver = false;
  #isReading = false;
  #isSuspended = false;

  constructor(source: Source, data: TopData | null) {
    this.#source = source;
    this.#data = data;
  }

  async run(): Promise<void> {
    const end = () => this.#end();
    const draw = () => this.#draw();
    const resume = () => this.#resume();
    for (const signal of ENDING) Deno.addSignalListener(signal, end);
    if (IS_POSIX) {
      Deno.addSignalListener("SIGWINCH", draw);
      Deno.addSignalListener("SIGCONT", resume);
    }
    enter();
    const timer = setInterval(() => this.#refresh(), INTERVAL);
    try {
      this.#draw();
      this.#refresh();
      this.#readKeys();
      await this.#over.promise;
    } finally {
      this.#isOver = true;
      clearInterval(timer);
      leave();
      for (const signal of ENDING) Deno.removeSignalListener(signal, end);
      if (IS_POSIX) {
        Deno.removeSignalListener("SIGWINCH", draw);
        Deno.removeSignalListener("SIGCONT", resume);
      }
      await this.#source[Symbol.asyncDispose]();
    }
  }

  #end(): void {
    this.#isOver = true;
    this.#over.resolve();
  }

  async #refresh(): Promise<void> {
    if (this.#isReading || this.#view.isFrozen || this.#isOver) return;
    this.#isReading = true;
    try {
      this.#data = await this.#source.read();
      if (this.#view.message.startsWith("The program")) this.#view.message = "";
    } catch (error) {
      this.#view.message = whyNoAnswer(error);
    } finally {
      this.#isReading = false;
    }
    this.#draw();
  }

  #draw(): void {
    if (this.#isOver || this.#isSuspended) return;
    try {
      const { columns, rows } = Deno.consoleSize();
      const lines = frame(this.#data, this.#view, columns, rows);
      // Each line is cleared as it is written: clearing the screen first would flicker.
      write(
        `\x1b[H${lines.map(highlighted).join("\x1b[K\r\n")}\x1b[K\x1b[J`,
      );
    } catch (error) {
      // The terminal is restored before the error is printed.
      this.#over.reject(error);
    }
  }

  /** Stops the viewer as the terminal would at Ctrl-Z: with all that belong to its job. */
  #suspend(): void {
    this.#isSuspended = true;
    leave();
    Deno.kill(0, "SIGTSTP");
    // Without a shell that could continue it, nothing was stopped.
    setTimeout(() => this.#resume(), 100);
  }

  #resume(): void {
    if (this.#isOver) return;
    this.#isSuspended = false;
    enter();
    this.#draw();
  }

  async #readKeys(): Promise<void> {
    const memory = new Uint8Array(256);
    const decoder = new TextDecoder();
    while (!this.#isOver) {
      const count = await Deno.stdin.read(memory);
      if (count === null) return this.#end();
      const text = decoder.decode(memory.subarray(0, count), { stream: true });
      for (const key of keysIn(text)) {
        const action = press(this.#view, key);
        if (action === "quit") return this.#end();
        if (action === "record") await this.#record();
        if (action === "suspend") this.#suspend();
      }
      this.#draw();
    }
  }

  async #record(): Promise<void> {
    try {
      await this.#source.recordPlaces();
      this.#view.message = `Places are recorded for ${RECORDING} s`;
      setTimeout(() => {
        if (this.#view.message.startsWith("Places")) this.#view.message = "";
      }, RECORDING * 1000);
    } catch {
      // The next refresh says that the program is gone.
    }
  }
}

function write(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) {
    written += Deno.stdout.writeSync(bytes.subarray(written));
  }
}

const IS_POSIX = OS !== "windows";

function enter(): void {
  Deno.stdin.setRaw(true);
  write(ENTER);
}

function leave(): void {
  Deno.stdin.setRaw(false);
  write(LEAVE);
}

function highlighted(line: string): string {
  if (Deno.noColor) return line;
  if (line.startsWith("! ")) return `\x1b[1;31m${line}\x1b[0m`;
  const isHeading = /^[A-Z]{3,}( [A-Z]+)? {2,}[A-Z]/.test(line);
  return isHeading ? `\x1b[7m${line}\x1b[0m` : line;
}

/** Splits what the terminal sent into keys: an escape sequence is one. */
export function keysIn(text: string): string[] {
  // deno-lint-ignore no-control-regex -- the beginning of an escape sequence
  return text.match(/\x1b(?:\[[\d;]*[ -/]*[@-~]|O.)|[\s\S]/gu) ?? [];
}

/** Changes the view as a key says; returns what else is to be done. */
export function press(
  view: TopView,
  key: string,
): "quit" | "record" | "suspend" | null {
  if (key === "\x03") return "quit";
  if (key === "\x1a" && IS_POSIX) return "suspend";
  if (view.isTyping) {
    typeInto(view, key);
    return null;
  }
  switch (key) {
    case "q":
    case "\x04":
      return "quit";
    case "p":
      return "record";
    case "h":
    case "?":
      view.isHelpShown = !view.isHelpShown;
      return null;
    case "f":
    case " ":
      view.isFrozen = !view.isFrozen;
      return null;
    case "/":
      view.isTyping = true;
      return null;
    case "\x1b":
      view.filter = "";
      view.isHelpShown = false;
      return null;
    case "s":
      view.order = after(ORDERS, view.order);
      return null;
    case "r":
      view.isReversed = !view.isReversed;
      return null;
    case "\t":
      view.panel = after(PANELS, view.panel);
      view.scroll = 0;
      return null;
  }
  const panel = PANELS[Number(key) - 1];
  if (panel !== undefined) {
    view.panel = panel;
    view.scroll = 0;
  }
  // The frame keeps it within what there is.
  const step = STEPS[key];
  if (step !== undefined) view.scroll += step;
  return null;
}

/** The keys that scroll, and how far. */
const STEPS: Readonly<Record<string, number>> = {
  "\x1b[A": -1,
  "k": -1,
  "\x1b[B": 1,
  "j": 1,
  "\x1b[5~": -10,
  "\x1b[6~": 10,
  "\x1b[H": -Infinity,
  "\x1b[1~": -Infinity,
};

function typeInto(view: TopView, key: string): void {
  if (key === "\r" || key === "\n") view.isTyping = false;
  else if (key === "\x1b") {
    view.isTyping = false;
    view.filter = "";
  } else if (key === "\x7f" || key === "\b") {
    view.filter = [...view.filter].slice(0, -1).join("");
  } else if (!/\p{Cc}/u.test(key)) view.filter += key;
}

function after<T>(all: readonly T[], one: T): T {
  return all[(all.indexOf(one) + 1) % all.length]!;
}
