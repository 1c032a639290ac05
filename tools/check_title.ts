// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * Checks that the title of a pull request, in the environment variable `TITLE`, has the form of a commit.
 *
 * @module
 */

const TYPES = [
  "feat",
  "fix",
  "perf",
  "refactor",
  "test",
  "docs",
  "build",
  "ci",
  "chore",
  "revert",
];
const SCOPES = [
  "bench",
  "docs",
  "examples",
  "inspect",
  "loop",
  "queues",
  "streams",
  "subprocess",
  "sync",
  "tasks",
  "testing",
  "tests",
  "tools",
];
const MAX_LENGTH = 100;

/** Returns what is wrong with a title, or null. */
export function problemWithTitle(title: string): string | null {
  const match = /^([a-z]+)(?:\(([^)]*)\))?!?: (.*)$/.exec(title);
  if (match === null) {
    return `The title must be "type(folder): what it does": received "${title}"`;
  }
  const [, type, scopes, subject] = match;
  if (!TYPES.includes(type!)) {
    return `The type must be one of ${TYPES.join(", ")}: received "${type}"`;
  }
  const unknown = scopes?.split(/, ?/).find((each) => !SCOPES.includes(each));
  if (unknown !== undefined) {
    return `The folder must be one of ${
      SCOPES.join(", ")
    }: received "${unknown}"`;
  }
  if (!/^\S.*[^.\s]$/.test(subject!)) {
    return "The title must not end with a full stop";
  }
  if (title.length > MAX_LENGTH) {
    return `The title must have at most ${MAX_LENGTH} characters: received ${title.length}`;
  }
  return null;
}

if (import.meta.main) {
  const problem = problemWithTitle(Deno.env.get("TITLE") ?? "");
  if (problem !== null) {
    console.error(problem);
    Deno.exit(1);
  }
}
