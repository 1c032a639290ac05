// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { snapshotNow } from "../loop/core/introspection/snapshot.ts";
import { createTask, currentTask, run, sleep } from "../tasks/mod.ts";
import { inspect } from "./mod.ts";
import { keysIn, press } from "./_top.ts";
import { frame, newView, type TopData } from "./_top_frame.ts";
import { widthOf } from "./_table.ts";

function data(): TopData {
  return {
    program: {
      protocol: 1,
      pid: 1,
      main: "file:///home/me/server.ts",
      started: Date.now() - 60_000,
      deno: "2.9.6",
      allowCancel: false,
      tasks: 0,
    },
    snapshot: snapshotNow(),
    statistics: {
      seconds: 1,
      steps: 100,
      busy: 0.5,
      lag: { longest: 0.1, mean: 0.01 },
      slowest: [{
        name: "slow",
        task: 1,
        seconds: 0.2,
        at: Date.now(),
        site: null,
      }],
    },
    stepsPerSecond: 100,
    busy: 0.5,
  };
}

Deno.test("frame() fits the screen, whatever its size and the names of tasks", () =>
  run(async () => {
    currentTask()!.setName("main");
    const names = ["日本".repeat(60), "\x1b[2J".repeat(20), "", "\n"];
    const tasks = names.map((name) => createTask(() => sleep(60), { name }));
    await sleep(0);
    for (
      const [columns, rows] of [[80, 24], [40, 10], [200, 50], [20, 5], [1, 1]]
    ) {
      for (const panel of ["tasks", "steps", "objects"] as const) {
        const lines = frame(data(), { ...newView(), panel }, columns!, rows!);
        assertEquals(lines.length, rows);
        for (const line of lines) {
          assert(widthOf(line) <= columns!, `${columns}: ${line}`);
          assertMatch(line, /^\P{Cc}*$/u);
        }
      }
    }
    for (const task of tasks) task.cancel();
  }));

Deno.test("frame() filters and sorts as the keys say", () =>
  run(async () => {
    currentTask()!.setName("main");
    const tasks = ["b", "a", "c"].map((name) =>
      createTask(() => sleep(60), { name: `task ${name}` })
    );
    await sleep(0);
    const view = newView();
    const names = () =>
      frame(data(), view, 80, 24).join("\n").match(/^(main|task \w)/gm);
    press(view, "s");
    assertEquals(names(), ["main", "task a", "task b", "task c"]);
    press(view, "r");
    assertEquals(names(), ["task c", "task b", "task a", "main"]);
    for (const key of keysIn("/TASK x\x7fa\r")) press(view, key);
    assertEquals(names(), ["task a"]);
    assertEquals(view.filter, "TASK a");
    press(view, "\x1b");
    assertEquals(names()?.length, 4);
    for (const key of keysIn("\x1b[B\x1b[6~")) press(view, key);
    assertEquals(names()?.length, 4);
    assertEquals(view.scroll, 0);
    for (const task of tasks) task.cancel();
  }));

Deno.test("press() quits at q, Ctrl-C and the end of input, not while a filter is typed", () => {
  const view = newView();
  assertEquals(press(view, "q"), "quit");
  assertEquals(press(view, "\x03"), "quit");
  press(view, "/");
  assertEquals(press(view, "q"), null);
  assertEquals(view.filter, "q");
  assertEquals(press(view, "\x03"), "quit");
});

Deno.test("widthOf() counts the columns of a terminal", () => {
  const widths = {
    "abc": 3,
    "日本": 4,
    "e\u0301": 1,
    "🎉": 2,
    "🇩🇪": 2,
    "𠀀": 2,
  };
  for (const [text, width] of Object.entries(widths)) {
    assertEquals(widthOf(text), width, text);
  }
});

Deno.test("keysIn() keeps escape sequences together", () => {
  assertEquals(keysIn("a\x1b[5~\x1bOA日\x1b"), [
    "a",
    "\x1b[5~",
    "\x1bOA",
    "日",
    "\x1b",
  ]);
});

async function isInstalled(command: string): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args: ["-V"] }).output()).success;
  } catch {
    return false;
  }
}

Deno.test({
  name: "inspect top runs in a terminal of 80 columns, and restores it",
  ignore: !await isInstalled("tmux"),
  fn: () =>
    run(async () => {
      await using _ = await inspect();
      const work = createTask(async () => {
        while (true) await sleep(0.01);
      }, { name: "worker" });
      const session = `asyncio-${Deno.pid}`;
      const tmux = async (...args: string[]) => {
        const { stdout } = await new Deno.Command("tmux", {
          args: ["-L", session, ...args],
        }).output();
        return new TextDecoder().decode(stdout);
      };
      const screen = () => tmux("capture-pane", "-p", "-t", session);
      const until = async (text: string) => {
        let last = "";
        for (let i = 0; i < 100; i++) {
          last = await screen();
          if (last.includes(text)) return last;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        throw new Error(`${text} does not come: ${last}`);
      };
      const viewer = new URL("./mod.ts", import.meta.url).pathname;
      await tmux(
        "new-session",
        "-d",
        "-s",
        session,
        "-x",
        "80",
        "-y",
        "24",
        "sh",
      );
      try {
        await tmux(
          "send-keys",
          "-t",
          session,
          `${Deno.execPath()} run -A ${viewer} top ${Deno.pid}; echo left $((1+1))`,
          "Enter",
        );
        const shown = await until("worker");
        assertMatch(shown, /steps \d+\/s/);
        assertStringIncludes(shown, "q quit");
        await tmux("send-keys", "-t", session, "2");
        await until("SLOWEST STEP");
        await tmux("resize-window", "-t", session, "-x", "60", "-y", "15");
        await until("q quit");
        // Ctrl-Z stops it as other programs, and fg continues it.
        await tmux("send-keys", "-t", session, "C-z");
        assert(!(await until("Stopped")).includes("SLOWEST"));
        await tmux("send-keys", "-t", session, "fg", "Enter");
        await until("SLOWEST STEP");
        await tmux("send-keys", "-t", session, "q");
        const after = await until("left 2");
        assert(!after.includes("SLOWEST"));
      } finally {
        await tmux("kill-server");
      }
      work.cancel();
    }),
});
