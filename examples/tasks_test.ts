// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { LOOPBACK, runExample } from "../tests/doubles/example.ts";

/** The arguments and the output of the examples that need no permission. */
const PRINTED: readonly [name: string, args: string[], stdout: string][] = [
  [
    "factorial",
    ["0.01"],
    `Task A: factorial(2), at 2 ...
Task B: factorial(3), at 2 ...
Task C: factorial(4), at 2 ...
Task A: factorial(2) = 2
Task B: factorial(3), at 3 ...
Task C: factorial(4), at 3 ...
Task B: factorial(3) = 6
Task C: factorial(4), at 4 ...
Task C: factorial(4) = 24
[ 2, 6, 24 ]
`,
  ],
  [
    "terminate_group",
    ["0.1"],
    `Task 1: start
Task 2: start
Task 1: done
Task 1: start
Task 2: start
Task 1: done
`,
  ],
  [
    "exception_groups",
    [],
    `Of syntax: [
  "SyntaxError: Expected property name or '}' in JSON at position 1 (line 1 column 2)"
]
Of range: [ "RangeError: Invalid array length" ]
`,
  ],
  ["shield", ["0.05"], "request: cancelled\nsave: saved\n"],
  [
    "timeouts",
    ["0.01"],
    `The long operation timed out, but it is handled.
It was given a limit later, and took longer.
It was not done at the deadline.
This runs in any case.
`,
  ],
  ["eternity", ["0.01"], "timeout!\n"],
  ["wait", ["0.02"], "One is done after 1.\n2 were cancelled\n"],
  [
    "cancel_me",
    ["0.01"],
    `cancelMe(): before sleep
cancelMe(): cancelled
cancelMe(): after sleep
main(): cancelMe is cancelled now
`,
  ],
  ["runner", [], "hi there\n"],
  [
    "own_sleep",
    ["0.01"],
    "I work.\nI work.\nI go on.\nI go on.\nAwake.\n",
  ],
  [
    "set_after",
    ["0.01"],
    "hello ...\ncallback: ... world\n... world\n",
  ],
];

for (const [name, args, stdout] of PRINTED) {
  Deno.test(`${name} prints its lines, and ends`, async () => {
    assertEquals(
      await runExample(`${name}.ts`, [], args),
      { code: 0, stdout, stderr: "" },
    );
  });
}

Deno.test("say_after takes as long as its sleeps", async () => {
  const { code, stdout, stderr } = await runExample("say_after.ts", [], [
    "0.02",
  ]);
  assertEquals(stderr, "");
  // At least: the machine may be busy
  const times = stdout.match(/\d+/g)!.map(Number);
  assert(times[0]! >= 3 && times[1]! >= 2 && times[2]! >= 2, stdout);
  assertEquals(
    stdout.replaceAll(/\d+/g, "…"),
    ["inTurn", "asTasks", "inGroup"]
      .map((name) => `hello\nworld\n${name} took … seconds\n`).join(""),
  );
  assertEquals(code, 0);
});

Deno.test("display_date prints the time until its duration is over", async () => {
  const { code, stdout, stderr } = await runExample("display_date.ts", [], [
    "0.1",
    "0.03",
  ]);
  assertEquals(stderr, "");
  assertMatch(stdout, /^(\d{4}-\d\d-\d\dT[\d:.]+Z\n)+$/);
  assertEquals(code, 0);
});

Deno.test("as_completed tells which servers answer", async () => {
  using server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  other.close();
  const [there, gone] = [server, other].map(({ addr }) =>
    `127.0.0.1:${addr.port}`
  );
  const { code, stdout, stderr } = await runExample(
    "as_completed.ts",
    LOOPBACK,
    [gone!, there!],
  );
  assertEquals(stderr, "");
  const lines = stdout.split("\n");
  assertEquals(lines.slice(2), [`The first: ${there}`, ""]);
  assertMatch(
    lines.slice(0, 2).sort((a, b) => a.length - b.length).join("\n"),
    new RegExp(`^${there}: connected\n${gone}: Cannot connect to ${gone}: .+$`),
  );
  assertEquals(code, 0);
});

Deno.test("call_graph prints which task awaits which", async () => {
  const { code, stdout, stderr } = await runExample("call_graph.ts");
  assertEquals(stderr, "");
  assertEquals(
    stdout.replace(/\(file:.*\)/, "(…)"),
    `* <Task 'Task-2' pending>
  + Call stack:
  |   innermost (…)
  + Awaited by:
    * <Task 'middle' pending>
      + Awaited by:
        * <Task 'Task-1' pending>
`,
  );
  assertEquals(code, 0);
});

Deno.test("never_retrieved prints where the task was created", async () => {
  const { code, stdout, stderr } = await runExample("never_retrieved.ts", [], [
    "--debug",
  ]);
  assertEquals(stderr, "");
  assertMatch(
    stdout,
    /^Task exception was never retrieved: <Task 'Task-2' failed>: Error: not consumed\nTask was created at\n.*\/examples\/never_retrieved\.ts:/,
  );
  assertEquals(code, 0);
});

Deno.test("event_loop_policy prints the result of each way", async () => {
  assertEquals(
    await runExample("event_loop_policy.ts"),
    { code: 0, stdout: "by the policy: 1\nby a factory: 0.01\n", stderr: "" },
  );
});
