// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  createSubprocessExec,
  type CreateSubprocessOptions,
  createSubprocessShell,
  createTask,
  DEVNULL,
  gather,
  PIPE,
  run,
  sleep,
  STDOUT,
} from "../mod.ts";
import { withDirectory } from "../tests/doubles/directory.ts";
import { runProgram } from "../tests/doubles/program.ts";
import {
  assertNothingHeld,
  untilNothingHeld,
} from "../tests/doubles/resources.ts";
import { textOf } from "../tests/doubles/text.ts";

const ignore = Deno.build.os === "windows";

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore, fn });
}

/** Returns the output of a program. */
async function outputOf(
  program: string | URL,
  args: string[] = [],
  options: CreateSubprocessOptions = {},
): Promise<string> {
  const process = await createSubprocessExec(program, args, {
    stdout: PIPE,
    ...options,
  });
  const [stdout] = await process.communicate();
  return textOf(stdout!);
}

/** Creates a script, executable or not. */
async function makeScript(
  path: string,
  text: string,
  mode = 0o755,
): Promise<void> {
  await Deno.writeTextFile(path, text);
  await Deno.chmod(path, mode);
}

/** The destinations of standard error, which change how a program is started. */
/** The environment of a program. */
async function environmentOf(
  options: CreateSubprocessOptions,
): Promise<Record<string, string>> {
  const output = await outputOf("env", ["-0"], options);
  return Object.fromEntries(
    output.split("\0").slice(0, -1).map((entry) => {
      const at = entry.indexOf("=");
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

const STDERRS = [null, PIPE, STDOUT] as const;

test("createSubprocessExec() passes arguments on as they are", () =>
  run(async () => {
    const args = [
      "",
      " ",
      "a b",
      "$HOME",
      "'",
      '"',
      "*",
      "\\",
      "ä",
      "\n",
      "-n",
    ];
    const expected = args.map((arg) => `<${arg}>`).join("");
    for (const stderr of STDERRS) {
      const script = 'for arg; do printf "<%s>" "$arg"; done';
      assertEquals(
        await outputOf("sh", ["-c", script, "sh", ...args], { stderr }),
        expected,
      );
    }
  }));

test("createSubprocessExec() says that there is no such program", () =>
  run(async () => {
    for (const stderr of STDERRS) {
      for (const program of ["no-such-program", "/no/such/program", "./none"]) {
        const error = await assertRejects(
          () => createSubprocessExec(program, ["x"], { stderr }),
          Deno.errors.NotFound,
          `Cannot start "${program}": the `,
        );
        assertEquals(error.cause instanceof Deno.errors.NotFound, true);
      }
    }
    assertNothingHeld();
  }));

test("createSubprocessExec() refuses arguments that are not in an array", () =>
  run(() => {
    assertThrows(
      // As in Python; the third one would be the options.
      () => createSubprocessExec("sh", "-c" as never, "exit" as never),
      TypeError,
      'The args of createSubprocessExec() must be an array, as in createSubprocessExec("ls", ["-l"]): received "-c"',
    );
  }));

test("createSubprocessExec() says that a file must not be run", () =>
  run(() =>
    withDirectory(async (directory) => {
      const path = `${directory}/script`;
      await makeScript(path, "#!/bin/sh\n", 0o644);
      for (const stderr of STDERRS) {
        for (const program of [path, directory]) {
          await assertRejects(
            () => createSubprocessExec(program, [], { stderr }),
            Deno.errors.PermissionDenied,
            `'${program}': Permission denied`,
          );
        }
      }
    })
  ));

test("createSubprocessExec() says that a script's interpreter may be missing, or the shell does", () =>
  run(() =>
    withDirectory(async (directory) => {
      const path = `${directory}/script`;
      await makeScript(path, "#!/no/such/interpreter\n");
      for (const stderr of [null, PIPE]) {
        await assertRejects(
          () => createSubprocessExec(path, [], { stderr }),
          Deno.errors.NotFound,
          `Cannot start "${path}": the file or the interpreter in its first line`,
        );
      }
      const process = await createSubprocessExec(path, [], {
        stdout: PIPE,
        stderr: STDOUT,
      });
      const [stdout] = await process.communicate();
      assertStringIncludes(textOf(stdout!), path);
      assertEquals(process.returnCode, 127);
    })
  ));

test("createSubprocessExec() says that there is no such directory", () =>
  run(() =>
    withDirectory(async (directory) => {
      await Deno.writeTextFile(`${directory}/file`, "");
      for (const stderr of STDERRS) {
        for (const name of ["none", "file"]) {
          const cwd = `${directory}/${name}`;
          for (const place of [cwd, new URL(`file://${cwd}`)]) {
            const error = await assertRejects(
              () => createSubprocessExec("cat", [], { stderr, cwd: place }),
              Deno.errors.NotFound,
              cwd,
            );
            assertStringIncludes(error.message, "cat");
          }
        }
      }
    })
  ));

test("createSubprocessExec() starts a program by its path, its URL, and in a directory", () =>
  run(() =>
    withDirectory(async (original) => {
      const directory = `${await Deno.realPath(original)}/a b%20ü`;
      await Deno.mkdir(directory);
      await makeScript(`${directory}/script`, "#!/bin/sh\necho $1; pwd\n");
      const url = new URL(`file://${directory.replaceAll("%", "%25")}/script`);
      const cwds = [directory, new URL(".", url)];
      for (const stderr of STDERRS) {
        for (const program of [`${directory}/script`, url, "./script"]) {
          for (const cwd of cwds) {
            assertEquals(
              await outputOf(program, ["x"], { cwd, stderr }),
              `x\n${directory}\n`,
            );
          }
        }
      }
    })
  ));

test("createSubprocessExec() looks a program up by the environment that it gets", () =>
  run(() =>
    withDirectory(async (directory) => {
      await makeScript(`${directory}/my-script`, "#!/bin/sh\necho found\n");
      for (const stderr of STDERRS) {
        const env = { PATH: directory };
        assertEquals(
          await outputOf("my-script", [], { env, stderr }),
          "found\n",
        );
        await assertRejects(
          () => createSubprocessExec("my-script", [], { stderr }),
          Deno.errors.NotFound,
        );
      }
    })
  ));

test("createSubprocessExec() adds to the environment, or replaces it", () =>
  run(async () => {
    const script = "echo $ONE $TWO ${HOME:+home}";
    const of = (options: CreateSubprocessOptions) =>
      outputOf("/bin/sh", ["-c", script], options);
    Deno.env.set("ONE", "1");
    try {
      for (const stderr of STDERRS) {
        const env = { TWO: "2", HOME: "/" };
        assertEquals(await of({ stderr, env }), "1 2 home\n");
        assertEquals(await of({ stderr, env, clearEnv: true }), "2 home\n");
        assertEquals(await of({ stderr, clearEnv: true }), "\n");
        assertEquals(await of({ stderr, env: { ONE: "3" } }), "3 home\n");
        assertEquals(await of({ stderr, env: null, cwd: null }), "1 home\n");
      }
    } finally {
      Deno.env.delete("ONE");
    }
  }));

Deno.test({
  name: "createSubprocessExec() runs a program as another user (needs root)",
  ignore: ignore || Deno.uid() !== 0,
  fn: () =>
    run(async () => {
      for (const stderr of STDERRS) {
        const options = { uid: 65534, gid: 65533, stderr, cwd: "/" };
        const script = "id -u; id -g";
        assertEquals(
          await outputOf("sh", ["-c", script], options),
          "65534\n65533\n",
        );
      }
    }),
});

Deno.test({
  name:
    "createSubprocessExec() gives a detached program a session of its own (Linux)",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    run(async () => {
      const args = ["-c", 'cut -d " " -f 6 /proc/$$/stat; echo $$'];
      for (const detached of [true, false]) {
        const output = await outputOf("sh", args, { detached });
        const [session, pid] = output.split("\n");
        assertEquals(session === pid, detached);
      }
    }),
});

test("createSubprocessExec() connects a standard stream to nothing", () =>
  run(async () => {
    const script = "wc -c; echo err >&2";
    const process = await createSubprocessExec("sh", ["-c", script], {
      stdin: DEVNULL,
      stdout: PIPE,
      stderr: DEVNULL,
    });
    const [stdout, stderr] = await process.communicate();
    assertEquals([textOf(stdout!).trim(), stderr], ["0", null]);
    const other = await createSubprocessExec("sh", ["-c", script], {
      stdin: PIPE,
      stdout: DEVNULL,
      stderr: PIPE,
    });
    const [none, error] = await other.communicate("abc");
    assertEquals([none, textOf(error!)], [null, "err\n"]);
  }));

test("createSubprocessExec() sends the standard error where the standard output goes, in order", () =>
  run(async () => {
    const script = "for i in 1 2 3; do echo out $i; echo err $i >&2; done";
    const expected = "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n";
    const options = { stderr: STDOUT };
    assertEquals(await outputOf("sh", ["-c", script], options), expected);
    const process = await createSubprocessShell(script, {
      stdout: PIPE,
      stderr: STDOUT,
    });
    const [stdout, stderr] = await process.communicate();
    assertEquals([textOf(stdout!), stderr], [expected, null]);
    const silent = await createSubprocessExec("sh", ["-c", "echo >&2"], {
      stdout: DEVNULL,
      stderr: STDOUT,
    });
    assertEquals(await silent.wait(), 0);
  }));

test("createSubprocessExec() passes the environment on as it is, whatever the shell makes of it", () =>
  run(async () => {
    const env = {
      PATH: Deno.env.get("PATH")!,
      "A": "",
      "a.b": "1",
      "my-var": "two words",
      "3": '"$A"',
      "ä": "\n",
      "-u": "x",
      "BASH_FUNC_f%%": "() { echo x;}",
      PWD: "/elsewhere",
      SHLVL: "7",
      IFS: ":",
      OPTIND: "x",
      PS1: "x",
      RANDOM: "x",
      SHELLOPTS: "x",
    };
    for (const stderr of STDERRS) {
      const options = { env, clearEnv: true, stderr };
      assertEquals(await environmentOf(options), env);
    }
  }));

test("createSubprocessExec() adds nothing to the environment", () =>
  run(async () => {
    const env = { PATH: Deno.env.get("PATH")!, LC_ALL: "C" };
    for (const stderr of STDERRS) {
      const options = { env, clearEnv: true, stderr };
      assertEquals(await environmentOf(options), env);
    }
  }));

test("createSubprocessExec() passes what it inherits on as it is", async () => {
  const printed: string[] = [];
  for (const stderr of ["PIPE", "STDOUT"]) {
    const program = `
      import { createSubprocessExec, PIPE, run, STDOUT } from "asyncio";
      Deno.env.set("a.b", "inherited");
      Deno.env.set("PWD", "/elsewhere");
      Deno.env.set("OPTIND", "x");
      Deno.env.delete("SHLVL");
      await run(async () => {
        const options = { stdout: PIPE, stderr: ${stderr}, env: { "c.d": "own" } };
        const process = await createSubprocessExec("env", ["-0"], options);
        const [stdout] = await process.communicate();
        console.log(new TextDecoder().decode(stdout).split("\\0").sort());
      });
    `;
    printed.push((await runProgram(program)).stdout);
  }
  assertStringIncludes(printed[0]!, "a.b=inherited");
  assertEquals(printed[1], printed[0]);
});

test("createSubprocessExec() says what it cannot pass on to a program with an odd path", () =>
  run(() =>
    withDirectory(async (directory) => {
      const program = `${directory}/a=b`;
      await Deno.writeTextFile(program, "#!/bin/sh\necho ran\n");
      await Deno.chmod(program, 0o755);
      // Tasks of Deno set a variable "?", which no shell passes on.
      const options = { stdout: PIPE, stderr: STDOUT, clearEnv: true } as const;
      assertEquals(await outputOf(program, [], options), "ran\n");
      const error = await assertRejects(
        () =>
          createSubprocessExec(program, [], {
            ...options,
            env: { "a.b": "1" },
          }),
        Deno.errors.NotSupported,
        "a.b",
      );
      assertStringIncludes(error.message, "stderr: STDOUT");
    })
  ));

test("createSubprocessExec() starts the program itself even if its standard error goes elsewhere", () =>
  run(async () => {
    const process = await createSubprocessExec("sleep", ["60"], {
      stderr: STDOUT,
    });
    process.terminate();
    assertEquals(await process.wait(), -15);
  }));

test("createSubprocessShell() runs a command", () =>
  run(async () => {
    const process = await createSubprocessShell("yes | head -n 3; exit 7", {
      stdout: PIPE,
    });
    const [stdout] = await process.communicate();
    assertEquals(textOf(stdout!), "y\ny\ny\n");
    assertEquals(process.returnCode, 7);
  }));

test("createSubprocessShell() redirects a command that has several lines, or a comment at its end", () =>
  run(async () => {
    for (const command of ["echo 1\necho 2 >&2", "echo 1; echo 2 >&2 # 3"]) {
      const process = await createSubprocessShell(command, {
        stdout: PIPE,
        stderr: STDOUT,
      });
      assertEquals(textOf((await process.communicate())[0]!), "1\n2\n");
    }
  }));

test("createSubprocessShell() has the shell say what it cannot run", () =>
  run(async () => {
    const process = await createSubprocessShell("no-such-program", {
      stderr: PIPE,
    });
    const [, stderr] = await process.communicate();
    assertStringIncludes(textOf(stderr!), "no-such-program");
    assertEquals(process.returnCode, 127);
  }));

test("createSubprocessExec() many at a time", () =>
  run(async () => {
    const texts = Array.from({ length: 10 }, (_, i) => `text ${i}\n`);
    const outputs = await gather(
      texts.map((text) => () => outputOf("printf", [text])),
    );
    assertEquals(outputs, texts);
  }));

test("createSubprocessExec() cancelled at any time leaves no process", () =>
  run(async () => {
    for (let count = 0; count < 8; count++) {
      const task = createTask(async () => {
        await using _ = await createSubprocessExec("sleep", ["60"]);
        await sleep(0);
      });
      for (let i = 0; i < count; i++) await sleep(0);
      task.cancel();
      await gather([task], { returnExceptions: true });
      await untilNothingHeld();
    }
  }));

test("createSubprocessExec() lets a program have this program's standard streams", async () => {
  for (const stdio of ['"inherit"', "null", "undefined"]) {
    const source = `
      import { createSubprocessExec, createSubprocessShell, run, STDOUT } from "asyncio";
      await run(async () => {
        const options = { stdin: ${stdio}, stdout: ${stdio}, stderr: ${stdio} };
        const process = await createSubprocessShell("cat; echo out; echo err >&2", options);
        await process.wait();
        const sh = ["-c", "echo one; echo two >&2; echo three"];
        const other = await createSubprocessExec("sh", sh, { stderr: STDOUT });
        await other.wait();
        console.log(process.stdin, process.stdout, process.stderr);
      });
    `;
    assertEquals(await runProgram(source, { input: "in\n" }), {
      stdout: "in\nout\none\ntwo\nthree\nnull null null\n",
      stderr: "err\n",
      code: 0,
    });
  }
});
