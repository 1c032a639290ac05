// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  CancelledError,
  createTask,
  DEVNULL,
  type EventLoop,
  getEventLoop,
  getRunningLoop,
  newEventLoop,
  PIPE,
  run,
  RuntimeError,
  sleep,
  STDOUT,
  type SubprocessOptions,
  SubprocessProtocol,
  type SubprocessTransport,
} from "../../../mod.ts";
import { withDirectory } from "../../../tests/doubles/directory.ts";
import { recordExceptions } from "../../../tests/doubles/exceptions.ts";
import {
  gone,
  isThere,
  ProcessRecorder,
} from "../../../tests/doubles/process_recorder.ts";
import { turns } from "../../../tests/doubles/recorder.ts";
import { assertNothingHeld } from "../../../tests/doubles/resources.ts";

const ignore = Deno.build.os === "windows";

function test(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, ignore, fn });
}

/** Starts a shell command. */
async function shell(
  command: string,
  options: SubprocessOptions = {},
): Promise<[SubprocessTransport, ProcessRecorder]> {
  return await getRunningLoop().subprocessShell(
    () => new ProcessRecorder(),
    command,
    options,
  );
}

test("loop.subprocessExec() connects pipes and calls the protocol in order", () =>
  run(async () => {
    const [transport, recorder] = await getRunningLoop().subprocessExec(
      () => new ProcessRecorder(),
      "sh",
      ["-c", "read -r line; echo $line; echo oops >&2; exit 3"],
    );
    assertEquals(recorder.events, ["made"]);
    assertEquals(transport.getReturnCode(), null);
    transport.getPipeTransport(0)!.write("hello\n");
    await recorder.lost;
    assertEquals(recorder.output, ["", "hello\n", "oops\n"]);
    assertEquals(transport.getReturnCode(), 3);
    const { events } = recorder;
    assertEquals(events.toSorted(), [
      "data 1",
      "data 2",
      "exited",
      "lost",
      "lost 0",
      "lost 1",
      "lost 2",
      "made",
    ]);
    assertEquals([events.at(0), events.at(-1)], ["made", "lost"]);
    assert(events.indexOf("data 1") < events.indexOf("lost 1"));
    assert(events.indexOf("data 2") < events.indexOf("lost 2"));
    assert(!recorder.isInTask);
    assertNothingHeld();
  }));

test("loop.subprocessExec() creates only the requested pipes", () =>
  run(async () => {
    const [transport, recorder] = await getRunningLoop().subprocessExec(
      () => new ProcessRecorder(),
      "true",
      [],
      { stdin: null, stdout: DEVNULL, stderr: "inherit" },
    );
    for (const fd of [0, 1, 2, 3]) {
      assertEquals(transport.getPipeTransport(fd), null);
    }
    await recorder.lost;
    assertEquals(recorder.events, ["made", "exited", "lost"]);
  }));

test("loop.subprocessShell() reports a pipe that the process closes and continues", () =>
  run(async () => {
    const [transport, recorder] = await shell("exec >&-; exec sleep 60");
    await recorder.happened("lost 1");
    assertEquals(recorder.events, ["made", "lost 1"]);
    transport.kill();
    await recorder.lost;
    assertEquals(recorder.events.slice(2).toSorted(), [
      "exited",
      "lost",
      "lost 0",
      "lost 2",
    ]);
    assertEquals(transport.getReturnCode(), -9);
    assertNothingHeld();
  }));

test("loop.subprocessShell() reads pipes that outlive the process", () =>
  run(async () => {
    const command = "exec 3<&0; sh -c 'read -r line <&3; echo $line' & exit 4";
    const [transport, recorder] = await shell(command, { stderr: DEVNULL });
    await recorder.exited;
    await turns();
    assertEquals(recorder.events, ["made", "exited"]);
    assertEquals(transport.getReturnCode(), 4);
    transport.getPipeTransport(0)!.write("late\n");
    await recorder.lost;
    assertEquals(recorder.output[1], "late\n");
    assertNothingHeld();
  }));

test("SubprocessTransport reports the loss of unread standard input at the exit", () =>
  run(async () => {
    const [transport, recorder] = await shell("exit 0", { stdout: null });
    const stdin = transport.getPipeTransport(0)!;
    assertEquals(await recorder.lost, null);
    assert(recorder.events.includes("lost 0"));
    assert(stdin.isClosing());
    stdin.write("nobody reads this");
    stdin.close();
    assertNothingHeld();
  }));

test("SubprocessTransport reports the loss of standard input with an error for unwritten data", () =>
  run(async () => {
    const [transport, recorder] = await shell("read -r line; exit 0");
    const stdin = transport.getPipeTransport(0)!;
    stdin.write("line\n" + "x".repeat(10_000_000));
    await recorder.lost;
    assert(recorder.events.includes("lost 0 BrokenPipe"));
    assertEquals(recorder.events.filter((event) => event === "pause"), [
      "pause",
    ]);
    assertEquals(stdin.getWriteBufferSize(), 0);
    assertNothingHeld();
  }));

test("SubprocessTransport pauses and resumes writing", () =>
  run(async () => {
    const [transport, recorder] = await shell("cat >/dev/null");
    const stdin = transport.getPipeTransport(0)!;
    stdin.write(new Uint8Array(10_000_000));
    await recorder.happened("resume");
    stdin.close();
    await recorder.lost;
    assertEquals(recorder.events.slice(0, 3), ["made", "pause", "resume"]);
    assert(recorder.events.includes("lost 0"));
    assert(!recorder.isInTask);
  }));

test("SubprocessTransport.close() closes the pipes and kills the process", () =>
  run(async () => {
    const [transport, recorder] = await shell("trap '' TERM; cat");
    assertEquals(transport.isClosing(), false);
    transport.close();
    transport.close();
    assertEquals(transport.isClosing(), true);
    for (const fd of [0, 1, 2]) {
      assertEquals(transport.getPipeTransport(fd)!.isClosing(), true);
    }
    assertEquals(await recorder.lost, null);
    assertEquals(transport.getReturnCode(), -9);
    assertEquals(recorder.events.toSorted(), [
      "exited",
      "lost",
      "lost 0",
      "lost 1",
      "lost 2",
      "made",
    ]);
    assertEquals(recorder.events.at(-1), "lost");
    transport.close();
    assertNothingHeld();
  }));

test("SubprocessTransport.close() does not kill an exited process", () =>
  run(async () => {
    const [transport, recorder] = await shell("sleep 60 & echo $!; exit 5");
    await recorder.exited;
    await recorder.happened("data 1");
    transport.close();
    await recorder.lost;
    assertEquals(transport.getReturnCode(), 5);
    Deno.kill(Number(recorder.output[1]), "SIGKILL");
    assertNothingHeld();
  }));

test("SubprocessTransport.close() in any callback ends everything once", () =>
  run(async () => {
    const commands: [keyof SubprocessProtocol, string][] = [
      ["connectionMade", "exec cat"],
      ["pipeDataReceived", "echo x; exec cat"],
      ["pipeConnectionLost", "exec >&-; exec cat"],
      ["processExited", "sleep 60 & echo $!"],
      ["connectionLost", "exit 0"],
    ];
    for (const [method, command] of commands) {
      let transport!: SubprocessTransport;
      class Closer extends ProcessRecorder {
        override connectionMade(made: SubprocessTransport): void {
          transport = made;
          super.connectionMade(made);
          if (method === "connectionMade") made.close();
        }
      }
      const [, closer] = await getRunningLoop().subprocessShell(() => {
        const closer = new Closer();
        if (method !== "connectionMade") {
          const original = closer[method] as (...args: unknown[]) => void;
          closer[method] = (...args: unknown[]) => {
            original.apply(closer, args);
            transport.close();
          };
        }
        return closer;
      }, command);
      await closer.lost;
      const once = closer.events.filter((event) => !event.startsWith("data"));
      assertEquals(once.toSorted(), [
        "exited",
        "lost",
        "lost 0",
        "lost 1",
        "lost 2",
        "made",
      ], method);
      assertEquals([once.at(0), once.at(-1)], ["made", "lost"]);
      if (method === "processExited" && closer.output[1] !== "") {
        Deno.kill(Number(closer.output[1]), "SIGKILL");
      }
    }
    assertNothingHeld();
  }));

test("SubprocessProtocol errors are reported, and later methods are called", () =>
  run(async () => {
    const methods = [
      "connectionMade",
      "pipeDataReceived",
      "pipeConnectionLost",
      "pauseWriting",
      "resumeWriting",
      "processExited",
      "connectionLost",
    ] as const;
    for (const method of methods) {
      const contexts = recordExceptions(getRunningLoop());
      const error = new Error("boom");
      const [transport, recorder] = await getRunningLoop().subprocessExec(
        () => {
          const recorder = new ProcessRecorder();
          const original = recorder[method] as (...args: unknown[]) => void;
          recorder[method] = (...args: unknown[]) => {
            original.apply(recorder, args);
            throw error;
          };
          return recorder;
        },
        "cat",
        [],
        { stderr: DEVNULL },
      );
      const stdin = transport.getPipeTransport(0)!;
      stdin.write("x".repeat(200_000));
      stdin.close();
      await recorder.lost;
      await turns();
      assertEquals(recorder.output[1]!.length, 200_000, method);
      assertEquals(transport.getReturnCode(), 0);
      assertEquals(recorder.events.toSorted().slice(1), [
        "exited",
        "lost",
        "lost 0",
        "lost 1",
        "made",
        "pause",
        "resume",
      ]);
      assert(contexts.length > 0, method);
      for (const context of contexts) {
        assertEquals(context.message, `protocol.${method}() failed`);
        assertStrictEquals(context.exception, error);
      }
      assertNothingHeld();
    }
  }));

test("SubprocessTransport.setProtocol() passes later events to the new protocol", () =>
  run(async () => {
    const [transport, first] = await shell("read -r line; echo $line");
    assertStrictEquals(transport.getProtocol(), first);
    const second = new ProcessRecorder();
    transport.setProtocol(second);
    assertStrictEquals(transport.getProtocol(), second);
    transport.getPipeTransport(0)!.write("hello\n");
    await second.lost;
    assertEquals(second.output[1], "hello\n");
    assertEquals(first.events, ["made"]);
  }));

test("SubprocessTransport.getExtraInfo() returns the process", () =>
  run(async () => {
    const [transport, recorder] = await shell("exit 0");
    const child = transport.getExtraInfo("subprocess");
    assertInstanceOf(child, Deno.ChildProcess);
    assertEquals(transport.getPid(), child.pid);
    assertEquals(transport.getExtraInfo("peername"), null);
    await recorder.lost;
  }));

test("SubprocessTransport.sendSignal() sends known signals to a running process", () =>
  run(async () => {
    const [transport, recorder] = await shell("echo; exec sleep 60");
    await recorder.happened("data 1");
    assertThrows(
      // @ts-expect-error -- possible in JavaScript
      () => transport.sendSignal(15),
      TypeError,
      'The signal must be a name such as "SIGTERM": received 15',
    );
    assertThrows(
      // @ts-expect-error -- likewise
      () => transport.sendSignal("SIGNONE"),
      TypeError,
      "SIGNONE",
    );
    transport.sendSignal("SIGUSR1");
    // It is ending, which is not an error.
    while (transport.getReturnCode() === null) {
      transport.terminate();
      await sleep(0);
    }
    assertEquals(transport.getReturnCode(), -10);
    for (const method of ["kill", "terminate"] as const) {
      assertThrows(
        () => transport[method](),
        Deno.errors.NotFound,
        `to process ${transport.getPid()} as it has ended`,
      );
    }
    await recorder.lost;
  }));

test("loop.subprocessExec() starts nothing if the factory fails", () =>
  run(async () => {
    await withDirectory(async (directory) => {
      const loop = getRunningLoop();
      const args = [`${directory}/file`];
      const error = new Error("boom");
      const factory = () => {
        throw error;
      };
      const thrown = await assertRejects(() =>
        loop.subprocessExec(factory, "touch", args)
      );
      assertStrictEquals(thrown, error);
      await assertRejects(
        () => loop.subprocessShell(factory, `touch ${args[0]}`),
        Error,
        "boom",
      );
      await assertRejects(
        // @ts-expect-error -- possible in JavaScript
        () => loop.subprocessExec(null, "touch", args),
        TypeError,
        "subprocessExec",
      );
      await assertRejects(
        // @ts-expect-error -- likewise
        () => loop.subprocessShell("touch", args[0]),
        TypeError,
        "subprocessShell",
      );
      await turns();
      assertEquals([...Deno.readDirSync(directory)], []);
      assertNothingHeld();
    });
  }));

test("loop.subprocessExec() validates the program and its arguments", () =>
  run(async () => {
    const bad: [unknown, unknown, new () => Error, string][] = [
      [1, [], TypeError, "The program must be a string: received 1"],
      [null, [], TypeError, "The program must be a string: received null"],
      [
        "",
        [],
        RangeError,
        'The program must be the name of a program: received ""',
      ],
      ["a\0b", [], RangeError, "without a null character"],
      [new URL("https://example.com/"), [], RangeError, "https://example.com/"],
      [
        "true",
        "x",
        TypeError,
        'The arguments must be an array of strings: received "x"',
      ],
      ["true", [1], TypeError, "The args[0] must be a string: received 1"],
      ["true", ["", "\0"], RangeError, "args[1]"],
    ];
    for (const [program, args, ErrorClass, message] of bad) {
      await assertRejects(
        () =>
          getRunningLoop().subprocessExec(
            () => new ProcessRecorder(),
            program as string,
            args as string[],
          ),
        ErrorClass,
        message,
      );
    }
    await assertRejects(
      () => shell("echo \0"),
      RangeError,
      'The command must be without a null character: received "echo \\u0000"',
    );
    // @ts-expect-error -- possible in JavaScript
    await assertRejects(() => shell(["echo"]), TypeError, "The command");
  }));

test("loop.subprocessShell() validates its options", () =>
  run(async () => {
    const url = new URL("https://example.com/");
    const bad: [string, Record<string, unknown>, new () => Error][] = [
      ["STDOUT can only be used for stderr, not for stdin", {
        stdin: STDOUT,
      }, RangeError],
      ["not for stdout", { stdout: STDOUT }, RangeError],
      [
        'The stdin must be PIPE, DEVNULL, "inherit" or a Deno.FsFile: received "pipe"',
        { stdin: "pipe" },
        TypeError,
      ],
      [
        'The stdout must be PIPE, DEVNULL, "inherit" or a Deno.FsFile: received 1',
        { stdout: 1 },
        TypeError,
      ],
      [
        'The stderr must be PIPE, DEVNULL, "inherit" or a Deno.FsFile: received an instance of Object',
        { stderr: {} },
        TypeError,
      ],
      [
        'The stdin must be PIPE, DEVNULL, "inherit" or a Deno.FsFile: received an instance of Object',
        { stdin: { write() {} } },
        TypeError,
      ],
      [
        'The stdout must be PIPE, DEVNULL, "inherit" or a Deno.FsFile: received an instance of Object',
        { stdout: { read() {} } },
        TypeError,
      ],
      ["The cwd must be a string: received 1", { cwd: 1 }, TypeError],
      ['The cwd must be without a null character: received "\\u0000"', {
        cwd: "\0",
      }, RangeError],
      [
        'The cwd must be a path or a file: URL: received "https://example.com/"',
        { cwd: url },
        RangeError,
      ],
      ['The env must be an object with environment variables: received "A=1"', {
        env: "A=1",
      }, TypeError],
      ["The environment variable A must be a string: received 1", {
        env: { A: 1 },
      }, TypeError],
      ["The environment variable A must be a string: received undefined", {
        env: { A: undefined },
      }, TypeError],
      ["The environment variable A must be without a null character", {
        env: { A: "\0" },
      }, RangeError],
      ["The name of an environment variable must be without a null character", {
        env: { "A\0": "" },
      }, RangeError],
      [
        'Each name in env must be the name of an environment variable: received "A=B"',
        { env: { "A=B": "" } },
        RangeError,
      ],
      [
        'Each name in env must be the name of an environment variable: received ""',
        { env: { "": "" } },
        RangeError,
      ],
      ["The uid option must be an integer from 0 to 4294967294: received -1", {
        uid: -1,
      }, RangeError],
      ["The gid option must be an integer from 0 to 4294967294: received 0.5", {
        gid: 0.5,
      }, RangeError],
      ['The gid option must be an integer: received "7"', {
        gid: "7",
      }, TypeError],
    ];
    for (const [message, options, ErrorClass] of bad) {
      await assertRejects(
        () => shell("exit 0", options as SubprocessOptions),
        ErrorClass,
        message,
      );
    }
    assertNothingHeld();
  }));

test("loop.subprocessExec() leaves no process when cancelled early", () =>
  run(async () => {
    for (let count = 0; count < 5; count++) {
      const recorders: ProcessRecorder[] = [];
      let pid: number | null = null;
      const task = createTask(async () => {
        const [transport] = await getRunningLoop().subprocessExec(
          () => {
            const recorder = new ProcessRecorder();
            recorder.connectionMade = (transport) => {
              pid = transport.getPid();
            };
            recorders.push(recorder);
            return recorder;
          },
          "sleep",
          ["60"],
        );
        transport.close();
        await recorders[0]!.exited;
      });
      for (let i = 0; i < count; i++) await sleep(0);
      task.cancel();
      await assertRejects(() => task, CancelledError);
      // A task that got its process has only requested its end.
      for (const { lost } of recorders) await lost;
      if (pid !== null) assert(!isThere(pid));
      assertNothingHeld();
    }
  }));

test("loop.subprocessExec() waits for the end of a started process when cancelled", () =>
  run(async () => {
    let recorder!: ProcessRecorder;
    const task = createTask(() =>
      getRunningLoop().subprocessExec(
        () => recorder = new ProcessRecorder(),
        "sleep",
        ["60"],
      )
    );
    getRunningLoop().callSoon(() => task.cancel("enough"));
    const error = await assertRejects(() => task, CancelledError);
    assertEquals(error.message, "enough");
    assert(recorder.exited.done());
    await recorder.lost;
    assertNothingHeld();
  }));

/** Closes a loop before the end of its process is reported. */
async function closeAround(
  start: (loop: EventLoop) => Promise<[SubprocessTransport, ProcessRecorder]>,
): Promise<[SubprocessTransport, ProcessRecorder]> {
  const loop = newEventLoop();
  const started = await loop.runUntilComplete(() => start(loop));
  loop.close();
  return started;
}

test("loop.close() kills running processes without calling their protocols", async () => {
  const [transport, recorder] = await closeAround(() =>
    shell("trap '' TERM; cat")
  );
  assertEquals(transport.isClosing(), true);
  await gone(transport.getPid());
  transport.close();
  assertEquals(recorder.events, ["made"]);
});

test("loop.close() kills a process whose protocol is not connected yet", async () => {
  const loop = newEventLoop();
  loop.setExceptionHandler(() => {});
  let child!: Deno.ChildProcess;
  const { spawn } = Deno.Command.prototype;
  Deno.Command.prototype.spawn = function () {
    loop.stop();
    return child = spawn.call(this);
  };
  const recorder = new ProcessRecorder({ loop });
  try {
    loop.createTask(() => loop.subprocessExec(() => recorder, "sleep", ["60"]));
    await loop.runForever();
  } finally {
    Deno.Command.prototype.spawn = spawn;
  }
  loop.close();
  assertEquals((await child.status).signal, "SIGKILL");
  assertEquals(recorder.events, []);
});

test("loop.subprocessExec() and subprocessShell() throw on a closed loop", () => {
  const loop = newEventLoop();
  loop.close();
  const factory = () => new SubprocessProtocol();
  assertThrows(() => loop.subprocessExec(factory, "true"), RuntimeError);
  assertThrows(
    () => loop.subprocessShell(factory, "true"),
    RuntimeError,
  );
});

test("loop.close() lets a detached process continue", async () => {
  const [transport] = await closeAround(() =>
    shell("exec sleep 60", { detached: true, stdin: null })
  );
  assert(isThere(transport.getPid()));
  Deno.kill(transport.getPid(), "SIGKILL");
  await gone(transport.getPid());
});

test("SubprocessTransport works on two loops concurrently", async () => {
  const play = async (code: number) => {
    const [transport, recorder] = await getEventLoop().subprocessShell(
      () => new ProcessRecorder(),
      `read -r line; exit ${code}`,
    );
    transport.getPipeTransport(0)!.write("\n");
    await recorder.lost;
    return transport.getReturnCode();
  };
  assertEquals(
    await Promise.all([run(() => play(1)), run(() => play(2)), play(3)]),
    [1, 2, 3],
  );
});

test("SubprocessTransport reports a process whose exit code is unknown", () =>
  run(async () => {
    const contexts = recordExceptions(getRunningLoop());
    const original = Object.getOwnPropertyDescriptor(
      Deno.ChildProcess.prototype,
      "status",
    )!;
    const error = new Error("no child processes");
    Object.defineProperty(Deno.ChildProcess.prototype, "status", {
      ...original,
      get(this: Deno.ChildProcess) {
        return original.get!.call(this).then(() => Promise.reject(error));
      },
    });
    try {
      const [transport, recorder] = await shell("exit 0", { stdin: PIPE });
      await recorder.lost;
      assertEquals(transport.getReturnCode(), 255);
      assertStrictEquals(contexts[0]?.exception, error);
      assertEquals(contexts.length, 1);
    } finally {
      Object.defineProperty(
        Deno.ChildProcess.prototype,
        "status",
        original,
      );
    }
  }));
