// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assertEquals, assertMatch } from "@std/assert";

const ignore = Deno.build.os === "windows";

/** Runs a program that may do what it is said to, and nothing else; gives what it prints. */
async function play(flags: string[], body: string): Promise<string> {
  const library = import.meta.resolve("../mod.ts");
  const program = `
    import * as asyncio from "${library}";
    const { createSubprocessExec, createSubprocessShell, PIPE, STDOUT } = asyncio;
    async function outputOf(starting) {
      try {
        const process = await starting;
        const [stdout] = await process.communicate();
        return new TextDecoder().decode(stdout);
      } catch (error) {
        return error.name + ": " + error.message;
      }
    }
    const options = { stdout: PIPE };
    const merged = { stdout: PIPE, stderr: STDOUT };
    await asyncio.run(async () => { ${body} });
  `;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-lock",
      ...flags,
      `data:text/javascript,${encodeURIComponent(program)}`,
    ],
    env: { NO_COLOR: "1" },
    stderr: "inherit",
  }).output();
  return new TextDecoder().decode(stdout);
}

const PROGRAMS = `
  console.log(await outputOf(createSubprocessExec("echo", ["program"], options)));
  console.log(await outputOf(createSubprocessExec("echo", ["merged"], merged)));
  console.log(await outputOf(createSubprocessShell("echo shell", options)));
`;

Deno.test({
  name: "createSubprocessExec() needs no permission but that for its program",
  ignore,
  fn: async () => {
    const printed = await play(["--allow-run=echo"], PROGRAMS);
    assertMatch(
      printed,
      /^program\n\nNotCapable: stderr: STDOUT needs the shell: .*"sh".*--allow-run.*\n(.*\n)*NotCapable: Req.*"sh".*--allow-run/,
    );
  },
});

Deno.test({
  name:
    "createSubprocessShell() needs the permission for the shell, by its name or its path",
  ignore,
  fn: async () => {
    for (const shell of ["sh", "/bin/sh"]) {
      const printed = await play([`--allow-run=${shell}`], PROGRAMS);
      assertMatch(
        printed,
        /^NotCapable: .*"echo".*--allow-run.*\n(.*\n)*NotCapable: .*"echo".*\n(.*\n)*shell\n/,
      );
      assertEquals(
        await play([`--allow-run=echo,${shell}`], PROGRAMS),
        "program\n\nmerged\n\nshell\n\n",
      );
    }
  },
});

Deno.test({
  name: "createSubprocessExec() without any permission says which one",
  ignore,
  fn: async () => {
    const printed = await play([], PROGRAMS);
    assertMatch(
      printed,
      /^NotCapable: .*"echo".*\n(.*\n)*NotCapable: .*"echo".*\n(.*\n)*NotCapable: .*"sh"/,
    );
  },
});

Deno.test({
  name:
    "createSubprocessExec() of a path that may not be read leaves it to the shell to say what is wrong",
  ignore,
  fn: async () => {
    const printed = await play(
      ["--allow-run=/no/such/program,sh"],
      `const starting = createSubprocessExec("/no/such/program", [], merged);
      console.log((await starting).pid > 0, await outputOf(starting), (await starting).returnCode);`,
    );
    assertMatch(printed, /^true .*\/no\/such\/program.*\n 127\n$/);
  },
});
