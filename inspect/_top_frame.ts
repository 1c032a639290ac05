// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  findingsIn,
  Index,
  nameOfObject,
  seconds,
  shortFile,
} from "../loop/core/introspection/tree.ts";
import {
  type ObjectInfo,
  printable,
  type Snapshot,
  type TaskInfo,
} from "../loop/core/introspection/snapshot.ts";
import type {
  Program,
  Statistics,
} from "../loop/core/introspection/protocol.ts";
import { cutTo, fitted, HEADINGS, rowOf } from "./_table.ts";

export const PANELS = ["tasks", "steps", "objects"] as const;
export type Panel = typeof PANELS[number];
export const ORDERS = ["age", "name", "state"] as const;
export type Order = typeof ORDERS[number];

/** The data that is shown. */
export interface TopData {
  readonly program: Program;
  readonly snapshot: Snapshot;
  readonly statistics: Statistics;
  /** The rate of the last interval. */
  readonly stepsPerSecond: number;
  readonly busy: number;
}

/** How it is shown: what keys change. */
export interface TopView {
  panel: Panel;
  order: Order;
  isReversed: boolean;
  filter: string;
  /** Whether keys go to the filter. */
  isTyping: boolean;
  isFrozen: boolean;
  isHelpShown: boolean;
  scroll: number;
  /** The last event, such as the end of the program; empty if there was none. */
  message: string;
}

export function newView(): TopView {
  return {
    panel: "tasks",
    order: "age",
    isReversed: false,
    filter: "",
    isTyping: false,
    isFrozen: false,
    isHelpShown: false,
    scroll: 0,
    message: "",
  };
}

const HELP = [
  "1 2 3   tasks, slow steps, queues and locks    Tab   the next of them",
  "s       sort by age, name or state             r     the other way round",
  "/       filter by text; Enter ends, Esc clears",
  "f       freeze, and go on                      p     record places for a minute",
  "↑ ↓     scroll, also PgUp, PgDn, Home          q     quit",
];

/** The lines of a screen; none is wider than `columns`. */
export function frame(
  data: TopData | null,
  view: TopView,
  columns: number,
  rows: number,
): string[] {
  const head = data === null ? ["Connecting …"] : headOf(data, view);
  if (view.message !== "") head.push(`! ${printable(view.message)}`);
  if (view.isHelpShown) head.push("", ...HELP);
  head.push("");
  const body = data === null ? [] : bodyOf(data, view, columns);
  const foot = view.isTyping
    ? `filter: ${printable(view.filter)}_`
    : "q quit  h help  1 tasks  2 steps  3 objects  s sort  / filter  f freeze";
  const [heading = "", ...lines] = body;
  const room = Math.max(0, rows - head.length - 2);
  view.scroll = Math.max(0, Math.min(view.scroll, lines.length - room));
  const shown = lines.slice(view.scroll, view.scroll + room);
  const screen = [...head, heading, ...shown].slice(0, rows - 1)
    .map((line) => cutTo(line, columns));
  while (screen.length < rows - 1) screen.push("");
  return [...screen, cutTo(foot, columns)];
}

function headOf(data: TopData, view: TopView): string[] {
  const { program, snapshot, statistics } = data;
  const counts: Record<string, number> = {};
  for (const { tasks } of snapshot.loops) {
    for (const [activity, count] of Object.entries(tasks)) {
      counts[activity] = (counts[activity] ?? 0) + count;
    }
  }
  const total = Object.values(counts).reduce((sum, each) => sum + each, 0);
  const states = Object.entries(counts).filter(([_, count]) => count > 0)
    .map(([activity, count]) => `${count} ${activity}`).join(", ");
  const ready = snapshot.loops.reduce((sum, each) => sum + each.ready, 0);
  const timers = snapshot.loops.reduce((sum, each) => sum + each.timers, 0);
  const { lag } = statistics;
  const name = printable(shortFile(program.main ?? "?"), 40);
  const age = seconds(Math.max(0, (snapshot.at - program.started) / 1000));
  const state = [
    `sorted by ${view.order}${view.isReversed ? ", reversed" : ""}`,
    ...view.filter === "" ? [] : [`filter ${printable(view.filter)}`],
    ...view.isFrozen ? ["FROZEN"] : [],
  ].join("  ");
  const described = snapshot.tasks.length;
  const part = described < total ? ` (the oldest ${described} below)` : "";
  return [
    `${name} (${program.pid})  up ${age}  ${total} tasks${part}: ${states}`,
    `steps ${Math.round(data.stepsPerSecond)}/s  busy ${
      Math.round(data.busy * 100)
    } %  lag ${seconds(lag.mean)}, longest ${
      seconds(lag.longest)
    }  ready ${ready}  timers ${timers}`,
    state,
    ...findingsIn(snapshot).slice(0, 3).map(({ text }) => `! ${text}`),
  ];
}

function bodyOf(data: TopData, view: TopView, columns: number): string[] {
  const { snapshot, statistics } = data;
  const matches = (row: readonly string[]) =>
    row.join(" ").toLowerCase().includes(view.filter.toLowerCase());
  switch (view.panel) {
    case "tasks": {
      const known = new Index(snapshot);
      const rows = sorted(snapshot.tasks, view)
        .map((task) => rowOf(task, known)).filter(matches);
      return fitted(HEADINGS, rows, columns);
    }
    case "steps":
      return fitted(
        ["SLOWEST STEP", "TOOK", "AGO", "CREATED AT"],
        statistics.slowest.map((step) => [
          printable(step.name),
          seconds(step.seconds),
          seconds(Math.max(0, (snapshot.at - step.at) / 1000)),
          printable(step.site ?? ""),
        ]).filter(matches),
        columns,
      );
    case "objects":
      return fitted(
        ["OBJECT", "WAITING", "STATE"],
        objectRows(snapshot).filter(matches),
        columns,
      );
  }
}

function sorted(tasks: readonly TaskInfo[], view: TopView): TaskInfo[] {
  const by: Record<Order, (a: TaskInfo, b: TaskInfo) => number> = {
    age: (a, b) => durationOf(b) - durationOf(a),
    name: (a, b) => a.name.localeCompare(b.name),
    state: (a, b) =>
      a.activity.localeCompare(b.activity) || durationOf(b) - durationOf(a),
  };
  const result = tasks.toSorted(by[view.order]);
  return view.isReversed ? result.reverse() : result;
}

function durationOf({ waits, age = 0 }: TaskInfo): number {
  return waits?.[0]?.age ?? age;
}

/** The queues, locks and connections, with how many tasks wait for each. */
export function objectRows(snapshot: Snapshot): string[][] {
  const known = new Index(snapshot);
  const waiting = new Map<number, number>();
  for (const { id } of snapshot.tasks) {
    for (const { on } of known.waitsOf(id)) {
      if (on !== undefined) waiting.set(on, (waiting.get(on) ?? 0) + 1);
    }
  }
  return snapshot.objects
    .map((object) => ({ object, count: waiting.get(object.id) ?? 0 }))
    .toSorted((a, b) => b.count - a.count)
    .map(({ object, count }) => [
      nameOfObject(object),
      String(count),
      stateOfObject(object, known),
    ]);
}

function heldBy(object: ObjectInfo, known: Index): string | null {
  const holders = known.holdersOf(object);
  return holders === null ? null : `held by ${holders}`;
}

function stateOfObject(object: ObjectInfo, known: Index): string {
  switch (object.kind) {
    case "Lock":
    case "KeyedLock":
      return object.locked ? heldBy(object, known) ?? "held" : "free";
    case "ReadWriteLock":
      return [object.state, heldBy(object, known)]
        .filter((each) => each !== null).join(", ");
    case "Semaphore":
      return [`${object.permits} free`, heldBy(object, known)]
        .filter((each) => each !== null).join(", ");
    case "Queue":
      return `${object.getters} get, ${object.putters} put, ${object.unfinished} unfinished${
        object.shutDown ? ", shut down" : ""
      }`;
    case "Connection":
      return `${object.peer ?? "?"}, ${object.unsent} bytes unsent${
        object.reading ? "" : ", paused"
      }${object.closing ? ", closing" : ""}`;
    default:
      return Object.entries(object)
        .filter(([name]) => name !== "id" && name !== "kind")
        .map(([name, value]) => `${name} ${value}`).join(", ");
  }
}
