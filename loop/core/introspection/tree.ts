// Copyright 2026 the asyncio for Deno authors. MIT license.

import type {
  ObjectInfo,
  ScopeInfo,
  Site,
  Snapshot,
  TaskInfo,
  WaitInfo,
} from "./snapshot.ts";

/** Something in a snapshot that is probably a mistake. */
export interface Finding {
  readonly kind: "circle" | "queue" | "unawaited" | "stall";
  /** A headline, and what belongs to it. */
  readonly text: string;
  readonly details: readonly string[];
  /** The tasks, by their ids. */
  readonly tasks: readonly number[];
}

/** The number of tasks that a finding names. */
const SHOWN = 10;
/** A task that no task awaits is of interest from this age on, in seconds. */
const OLD = 10;
/** An unbounded queue is of interest from this number of items on. */
const MANY = 1000;

/** Finds what is probably a mistake in a snapshot. */
export function findingsIn(snapshot: Snapshot): Finding[] {
  const known = new Index(snapshot);
  return [
    ...circlesIn(known).map((circle) => describeCircle(circle, known)),
    ...queuesWithoutConsumer(snapshot, known),
    ...unawaitedTasks(snapshot),
    ...stallsIn(snapshot),
  ];
}

/** The tasks and objects of a snapshot by their ids, and the waiters of each task. */
export class Index {
  readonly tasks: ReadonlyMap<number, TaskInfo>;
  readonly objects: ReadonlyMap<number, ObjectInfo>;
  /** The tasks that each task awaits. */
  readonly awaited = new Map<number, number[]>();

  constructor(snapshot: Snapshot) {
    this.tasks = new Map(snapshot.tasks.map((task) => [task.id, task]));
    this.objects = new Map(snapshot.objects.map((each) => [each.id, each]));
    for (const { id, awaitedBy = [] } of snapshot.tasks) {
      for (const awaiter of awaitedBy) {
        const awaited = this.awaited.get(awaiter);
        if (awaited === undefined) this.awaited.set(awaiter, [id]);
        else awaited.push(id);
      }
    }
  }

  /** The waits of a task, and those inside the calls that it awaits. */
  waitsOf(id: number): WaitInfo[] {
    const waits = [...this.tasks.get(id)?.waits ?? []];
    // The array grows during the iteration.
    for (const wait of waits) waits.push(...wait.inside ?? []);
    return waits;
  }

  /** The tasks that a task cannot go on without: those that it awaits, and those that hold what it waits for. */
  needsOf(id: number): number[] {
    const needs = new Set(this.awaited.get(id));
    for (const { task, on } of this.waitsOf(id)) {
      if (task !== undefined) needs.add(task);
      for (const holder of this.#neededHolders(on)) needs.add(holder);
    }
    return [...needs];
  }

  /** The tasks that all have to release an object before another can acquire it. */
  #neededHolders(on: number | undefined): number[] {
    const object = this.objects.get(on ?? -1);
    const holders = object?.holders ?? [];
    // Any of those that hold a permit can return it.
    if (object?.kind === "Semaphore" && holders.length > 1) return [];
    return holders.filter((each) => typeof each === "number");
  }

  /** Describes what holds an object: `'a' and 'b'`; `null` if that is not known. */
  holdersOf(object: ObjectInfo): string | null {
    const { holders = [] } = object;
    if (holders.length === 0) return null;
    const shown = holders.length > 3 ? 2 : 3;
    const names = holders.slice(0, shown).map((each) =>
      typeof each === "number"
        ? this.nameOf(each)
        : each === null
        ? "code outside tasks"
        : "a task that has ended"
    );
    const more = holders.length - shown;
    if (more > 0) names.push(`${more} more`);
    const last = names.pop()!;
    return names.length === 0 ? last : `${names.join(", ")} and ${last}`;
  }

  /** The name of a task, as `'worker'`. */
  nameOf(id: number): string {
    const task = this.tasks.get(id);
    return task === undefined ? `task ${id}` : `'${task.name}'`;
  }
}

/** Describes a pending `await`: `Lock.acquire() of Lock 3, which 'b' holds`. */
export function describeWait(wait: WaitInfo, known: Index): string {
  const { task, on, left } = wait;
  if (task !== undefined) return `task ${known.nameOf(task)}`;
  if (left !== undefined) return `${wait.for}, ${seconds(left)} left`;
  const inner = wait.inside?.find((each) => each.on !== undefined);
  const object = known.objects.get(on ?? inner?.on ?? -1);
  if (object === undefined) return wait.for;
  const holders = known.holdersOf(object);
  const verb = object.holders?.length === 1 ? "holds" : "hold";
  const held = holders === null ? "" : `, which ${holders} ${verb}`;
  return `${wait.for} of ${nameOfObject(object)}${held}`;
}

/** Names an object: `Queue 4 (2 of 10)`. */
export function nameOfObject(object: ObjectInfo): string {
  const { id, kind, size, maxSize } = object;
  if (kind !== "Queue") return `${kind} ${id}`;
  const bound = (maxSize as number) > 0 ? ` of ${maxSize}` : " items";
  return `Queue ${id} (${size}${bound})`;
}

/** Formats a time: `4 ms`, `0.25 s`, `12 s`, `3 min`, `2 h`. */
export function seconds(value: number): string {
  if (value < 0) return `-${seconds(-value)}`;
  if (value >= 0.0005 && value < 0.01) return `${Math.round(value * 1000)} ms`;
  if (value < 10) return `${Number(value.toFixed(2))} s`;
  if (value < 120) return `${Math.round(value)} s`;
  if (value < 7200) return `${Math.round(value / 60)} min`;
  return `${Math.round(value / 3600)} h`;
}

/** Returns the groups of tasks that wait for each other in a circle. */
function circlesIn(known: Index): number[][] {
  // Tarjan's algorithm, without recursion: a chain of tasks may be longer than the stack.
  const circles: number[][] = [];
  const order = new Map<number, { at: number; low: number; on: boolean }>();
  const stack: number[] = [];
  for (const root of known.tasks.keys()) {
    if (order.has(root)) continue;
    const path: { id: number; left: number[] }[] = [];
    const enter = (id: number) => {
      order.set(id, { at: order.size, low: order.size, on: true });
      stack.push(id);
      path.push({ id, left: known.needsOf(id) });
    };
    enter(root);
    while (path.length > 0) {
      const { id, left } = path.at(-1)!;
      const own = order.get(id)!;
      const next = left.pop();
      if (next !== undefined) {
        const other = order.get(next);
        if (other === undefined) {
          if (known.tasks.has(next)) enter(next);
        } else if (other.on) own.low = Math.min(own.low, other.at);
        continue;
      }
      path.pop();
      const outer = path.at(-1);
      if (outer !== undefined) {
        const around = order.get(outer.id)!;
        around.low = Math.min(around.low, own.low);
      }
      if (own.low !== own.at) continue;
      const members = stack.splice(stack.lastIndexOf(id));
      for (const each of members) order.get(each)!.on = false;
      const isCircle = members.length > 1 || known.needsOf(id).includes(id);
      if (isCircle) circles.push(inOrder(members, known));
    }
  }
  return circles;
}

/** Sorts the tasks of a circle so that each waits for the next, as far as possible, from the oldest on. */
function inOrder(circle: readonly number[], known: Index): number[] {
  const left = new Set(circle.toSorted((a, b) => a - b));
  const sorted: number[] = [];
  let next: number | undefined;
  while (left.size > 0) {
    const id: number = next ?? left.values().next().value!;
    sorted.push(id);
    left.delete(id);
    next = known.needsOf(id).find((each) => left.has(each));
  }
  return sorted;
}

function describeCircle(tasks: readonly number[], known: Index): Finding {
  const count = tasks.length;
  const members = new Set(tasks);
  return {
    kind: "circle",
    text: count === 1
      ? `A task waits for itself`
      : `${count} tasks wait for each other in a circle`,
    details: shorten(
      tasks.map((id) =>
        `${known.nameOf(id)} waits for ${describeNeed(id, members, known)}`
      ),
    ),
    tasks,
  };
}

/** Describes what a task of a circle waits for inside the circle. */
function describeNeed(
  id: number,
  circle: ReadonlySet<number>,
  known: Index,
): string {
  const wait = known.waitsOf(id).find(({ task, on }) =>
    [task, ...known.objects.get(on ?? -1)?.holders ?? []]
      .some((need) => typeof need === "number" && circle.has(need))
  );
  if (wait !== undefined) return describeWait(wait, known);
  const need = known.needsOf(id).find((each) => circle.has(each));
  return `task ${known.nameOf(need!)}`;
}

function queuesWithoutConsumer(snapshot: Snapshot, known: Index): Finding[] {
  return snapshot.objects.filter((object) => {
    const { kind, getters, putters, maxSize, size } = object;
    if (kind !== "Queue" || getters !== 0) return false;
    return putters as number > 0 || (maxSize === 0 && size as number >= MANY);
  }).map((queue): Finding => {
    const putting = [...known.tasks.keys()].filter((id) =>
      known.waitsOf(id).some(({ on, for: operation }) =>
        on === queue.id && operation === "Queue.put()"
      )
    );
    const waiting = putting.length === 0
      ? ""
      : `, ${count(putting.length, "task waits", "tasks wait")} to put`;
    return {
      kind: "queue",
      text: `No task waits to get from ${nameOfObject(queue)}${waiting}`,
      details: shorten(putting.map((id) => known.nameOf(id))),
      tasks: putting,
    };
  });
}

/** Tasks that no task awaits and no group owns, except the first one of a loop. */
function unawaitedTasks({ tasks }: Snapshot): Finding[] {
  const mains = new Map<number, number>();
  for (const { loop, id } of tasks) {
    if (!mains.has(loop)) mains.set(loop, id);
  }
  const left = tasks.filter((task) =>
    task.awaitedBy === undefined && mains.get(task.loop) !== task.id &&
    (task.age ?? 0) >= OLD
  );
  if (left.length === 0) return [];
  return [{
    kind: "unawaited",
    text: `No task awaits ${count(left.length, "old task", "old tasks")}`,
    details: shorten(
      left.map((task) =>
        `'${task.name}' is ${seconds(task.age!)} old${whereCreated(task)}`
      ),
    ),
    tasks: left.map(({ id }) => id),
  }];
}

function whereCreated({ created }: TaskInfo): string {
  const site = created?.[0];
  return site === undefined ? "" : `, created at ${site.file}:${site.line}`;
}

function stallsIn({ stalls, at }: Snapshot): Finding[] {
  const last = stalls.at(-1);
  if (last === undefined) return [];
  const longest = Math.max(...stalls.map((each) => each.seconds));
  const ago = seconds(Math.max(0, (at - last.at) / 1000));
  return [{
    kind: "stall",
    text: `Steps or callbacks held up the program ${
      count(stalls.length, "time", "times")
    }, up to ${seconds(longest)}, the last time ${ago} ago`,
    details: [],
    tasks: [],
  }];
}

function count(number: number, one: string, many: string): string {
  return `${number === 1 ? "1" : number} ${number === 1 ? one : many}`;
}

function shorten(lines: readonly string[]): string[] {
  if (lines.length <= SHOWN) return [...lines];
  return [...lines.slice(0, SHOWN), `and ${lines.length - SHOWN} more`];
}

/** How many tasks a tree has; the rest is counted. */
const MAX_TASKS = 10_000;
/** A chain of tasks may be long: beyond this width, in characters, it is not indented further. */
const MAX_INDENT = 90;
/** How many lines of a task's stack are shown. */
const SHOWN_FRAMES = 3;

/** A line of the tree, and what is below it. */
interface Branch {
  readonly text: string;
  /** More lines of the same branch. */
  readonly more?: readonly string[];
  readonly task?: number;
  readonly name?: string;
  readonly below: () => Branch[];
}

/** Formats a snapshot as a tree: which task awaits which, with groups and limits; what is probably a mistake first. */
export function formatTree(snapshot: Snapshot): string {
  const rows = treeRows(snapshot);
  const lines = rows.flatMap(({ branch, text, more }) => [
    `${branch}${text}`,
    ...more,
  ]);
  if (rows.length === 0) lines.push("There are no tasks");
  return [...formatFindings(snapshot), ...lines].join("\n");
}

/** A line of the tree. */
export interface TreeRow {
  readonly depth: number;
  /** The branch that leads to it, such as `│  └─ `. */
  readonly branch: string;
  readonly text: string;
  /** The task, by its id, and its name, with which the text begins unless the task is shown above. */
  readonly task?: number;
  readonly name?: string;
  /** More lines, with their branches. */
  readonly more: readonly string[];
}

/** Returns the lines of the tree: which task awaits which, with groups and limits. */
export function treeRows(snapshot: Snapshot): TreeRow[] {
  return new Tree(snapshot).rows();
}

/** Formats what is probably a mistake; nothing if nothing was found. */
export function formatFindings(snapshot: Snapshot): string[] {
  const findings = findingsIn(snapshot);
  const lines = findings.flatMap(({ text, details }) => [
    `! ${text}`,
    ...details.map((each) => `    ${each}`),
  ]);
  return lines.length === 0 ? [] : [...lines, ""];
}

/** Formats a place in the source as `work (main.ts:12)`. */
export function formatSite({ function: name, file, line }: Site): string {
  const place = `${shortFile(file)}:${line}`;
  return name === null ? place : `${name} (${place})`;
}

/** The last part of a path or an address. */
export function shortFile(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1);
}

class Tree {
  readonly #snapshot: Snapshot;
  readonly #known: Index;
  readonly #shown = new Set<number>();
  readonly #rows: TreeRow[] = [];

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
    this.#known = new Index(snapshot);
  }

  rows(): TreeRow[] {
    const { tasks, loops } = this.#snapshot;
    for (const { id } of loops) {
      const own = tasks.filter((task) => task.loop === id);
      if (loops.length > 1 && own.length > 0) {
        this.#rows.push({ depth: 0, branch: "", text: `Loop ${id}`, more: [] });
      }
      const roots = own.filter((task) => task.awaitedBy === undefined);
      this.#draw(roots.map((task) => this.#branchOf(task)));
      // What is left is in circles, or below them.
      for (const task of own) {
        if (!this.#shown.has(task.id)) this.#draw([this.#branchOf(task)]);
      }
    }
    return this.#rows;
  }

  #draw(roots: readonly Branch[]): void {
    // Not recursive: a chain of tasks may be longer than the stack.
    const left = roots
      .map((branch) => ({ branch, depth: 0, first: "", rest: "" })).reverse();
    for (let next; (next = left.pop()) !== undefined;) {
      const { branch, depth, first, rest } = next;
      const { text, more = [], task, name } = branch;
      if (this.#shown.size >= MAX_TASKS) return this.#countOthers();
      if (task !== undefined && this.#shown.has(task)) {
        const name = this.#known.nameOf(task);
        this.#add({ depth, text: `${name}, see above`, task, more: [] }, first);
        continue;
      }
      if (task !== undefined) this.#shown.add(task);
      const below = branch.below();
      const bar = below.length > 0 ? "│ " : "  ";
      const lines = more.map((line) => `${rest}${bar}${line}`);
      this.#add(
        {
          depth,
          text,
          ...task !== undefined && { task },
          ...name !== undefined && { name },
          more: lines,
        },
        first,
      );
      below.map((branch, index) => {
        const isLast = index === below.length - 1;
        return {
          branch,
          depth: depth + 1,
          first: `${rest}${isLast ? "└─ " : "├─ "}`,
          rest: rest.length < MAX_INDENT
            ? `${rest}${isLast ? "   " : "│  "}`
            : rest,
        };
      }).reverse().forEach((each) => left.push(each));
    }
  }

  #add(row: Omit<TreeRow, "branch">, branch: string): void {
    this.#rows.push({ ...row, branch });
  }

  #countOthers(): void {
    const others = this.#known.tasks.size - this.#shown.size;
    if (others === 0) return;
    this.#add({ depth: 0, text: `and ${others} more tasks`, more: [] }, "");
    for (const id of this.#known.tasks.keys()) this.#shown.add(id);
  }

  #branchOf(task: TaskInfo): Branch {
    const { id, stack = [], created } = task;
    const frames = stack.slice(0, SHOWN_FRAMES).map((site) =>
      `at ${formatSite(site)}`
    );
    const origin = created?.[0];
    return {
      text: `${task.name}  ${this.#describe(task)}`,
      more: origin === undefined || frames.length > 0
        ? frames
        : [`created at ${formatSite(origin)}`],
      task: id,
      name: task.name,
      below: () => this.#below(task),
    };
  }

  #describe(task: TaskInfo): string {
    const parts = [describeActivity(task, this.#known)];
    if (task.age !== undefined) parts.push(`${seconds(task.age)} old`);
    if (task.cancelling !== undefined) parts.push("being cancelled");
    return parts.join("; ");
  }

  /** The scopes of a task, with the tasks of groups in them, and then the tasks that it awaits otherwise. */
  #below(task: TaskInfo): Branch[] {
    const { scopes = [] } = task;
    const members = new Set(scopes.flatMap((scope) => scope.tasks ?? []));
    const awaited = (this.#known.awaited.get(task.id) ?? [])
      .filter((id) => !members.has(id));
    return [
      ...this.#scopesIn(scopes, undefined),
      ...this.#branchesOf(awaited),
    ];
  }

  #scopesIn(
    scopes: readonly ScopeInfo[],
    parent: number | undefined,
  ): Branch[] {
    return [...scopes.entries()].filter(([_, each]) => each.parent === parent)
      .map(([index, scope]) => ({
        text: describeScope(scope),
        below: () => [
          ...this.#scopesIn(scopes, index),
          ...this.#branchesOf(scope.tasks ?? []),
        ],
      }));
  }

  #branchesOf(ids: readonly number[]): Branch[] {
    return ids.map((id) => this.#known.tasks.get(id))
      .filter((task) => task !== undefined)
      .map((task) => this.#branchOf(task));
  }
}

/** Describes what a task does: `waits 3 s for Lock.acquire() of Lock 2`. */
function describeActivity(
  { activity, waits = [] }: TaskInfo,
  known: Index,
): string {
  switch (activity) {
    case "new":
      return "has not begun";
    case "outside":
      return "waits for something outside the library";
    case "waiting": {
      const [wait] = waits;
      if (wait === undefined) return "waits";
      const more = waits.length > 1 ? ` and ${waits.length - 1} more` : "";
      const age = wait.age === undefined ? "" : ` ${seconds(wait.age)}`;
      return `waits${age} for ${describeWait(wait, known)}${more}`;
    }
    default:
      return activity;
  }
}

function describeScope(scope: ScopeInfo): string {
  const parts = [scope.kind];
  if (scope.left !== undefined) parts.push(`${seconds(scope.left)} left`);
  if (scope.shield) parts.push("shielded");
  if (scope.cancelled) parts.push("cancelled");
  return `[${parts.join(", ")}]`;
}
