import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { findPython } from "./python.ts";

// Stand-ins for interpreters, which are shell scripts.
const ignore = Deno.build.os === "windows";

/** Runs `body` with `ASYNCIO_PYTHON` set to `value`, or not set. */
async function withEnvironment(
  value: string | null,
  body: () => Promise<void>,
): Promise<void> {
  const before = Deno.env.get("ASYNCIO_PYTHON");
  if (value === null) Deno.env.delete("ASYNCIO_PYTHON");
  else Deno.env.set("ASYNCIO_PYTHON", value);
  try {
    await body();
  } finally {
    if (before === undefined) Deno.env.delete("ASYNCIO_PYTHON");
    else Deno.env.set("ASYNCIO_PYTHON", before);
  }
}

/** Creates a program for each script, in a temporary folder. */
async function withPrograms(
  scripts: string[],
  body: (programs: string[]) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const programs = scripts.map((_, index) => `${folder}/program${index}`);
    for (const [index, script] of scripts.entries()) {
      await Deno.writeTextFile(programs[index]!, `#!/bin/sh\n${script}\n`, {
        mode: 0o755,
      });
    }
    await body(programs);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test(
  "findPython() picks the newest that answers",
  { ignore },
  () =>
    withEnvironment(null, () =>
      withPrograms([
        "echo 3.9.20; echo /nine",
        "echo 3.14.1; echo /fourteen",
        "echo 3.13.9; echo /thirteen",
        "echo 2.7.18; echo /two",
        "echo 3.99.0; exit 127",
        "echo nonsense",
      ], async (programs) => {
        assertEquals(await findPython([...programs, "/no/such/program"]), {
          command: ["/fourteen"],
          version: "3.14.1",
        });
      })),
);

Deno.test(
  "findPython() keeps a program that does not report its own path",
  { ignore },
  () =>
    withEnvironment(
      null,
      () =>
        withPrograms(["echo 3.12.0"], async (programs) => {
          assertEquals(await findPython(programs), {
            command: programs,
            version: "3.12.0",
          });
        }),
    ),
);

Deno.test("findPython() returns null if there is no Python", () =>
  withEnvironment(null, async () => {
    assertEquals(await findPython(["/no/such/program"]), null);
    assertEquals(await findPython([]), null);
  }));

Deno.test("findPython() prefers ASYNCIO_PYTHON to anything newer", {
  ignore,
}, () =>
  withPrograms(
    ["echo 3.8.0; echo /eight", "echo 3.14.1; echo /fourteen"],
    ([older, newer]) =>
      withEnvironment(older!, async () => {
        assertEquals(await findPython([newer!]), {
          command: ["/eight"],
          version: "3.8.0",
        });
      }),
  ));

Deno.test("findPython() rejects an ASYNCIO_PYTHON that is not a Python", () =>
  withEnvironment("/no/such/program", async () => {
    await assertRejects(
      () => findPython(),
      Error,
      'ASYNCIO_PYTHON must name a Python 3 interpreter, but it is "/no/such/program"',
    );
  }));

Deno.test("findPython() returns a command that runs, if there is a Python", async () => {
  const python = await findPython();
  if (python === null) return;
  const [program, ...args] = python.command;
  const { stdout } = await new Deno.Command(program!, {
    args: [...args, "-c", "import platform; print(platform.python_version())"],
  }).output();
  assertMatch(new TextDecoder().decode(stdout), /^3\./);
});

Deno.test(
  "findPython() reads another variable",
  { ignore },
  () =>
    withEnvironment(
      "/no/such/program",
      () =>
        withPrograms(["echo 3.13.9; echo /thirteen"], async ([program]) => {
          Deno.env.set("ANOTHER_PYTHON", program!);
          try {
            assertEquals(await findPython([], "ANOTHER_PYTHON"), {
              command: ["/thirteen"],
              version: "3.13.9",
            });
          } finally {
            Deno.env.delete("ANOTHER_PYTHON");
          }
        }),
    ),
);
