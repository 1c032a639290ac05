// Copyright 2026 the asyncio for Deno authors. MIT license.

import { describeWait, findingsIn, Index, seconds } from "./findings.ts";
import type { ScopeInfo, Site, Snapshot, TaskInfo } from "./snapshot.ts";

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
export function describeActivity(
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
