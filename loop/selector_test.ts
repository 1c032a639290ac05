// Copyright 2026 the asyncio for Deno authors. MIT license.

import { AsyncLocalStorage } from "node:async_hooks";
import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  ContextVar,
  currentTask,
  Event,
  type EventLoop,
  Future,
  getRunningLoop,
  newEventLoop,
  run,
  RuntimeError,
  sleep,
} from "../mod.ts";
import { FakeConn } from "../tests/doubles/conn.ts";
import { recordExceptions } from "../tests/doubles/exceptions.ts";
import { untilNothingHeld } from "../tests/doubles/resources.ts";
import { openLibc } from "./selector.ts";

// Windows has no poll(2).
const ignore = Deno.build.os === "windows";

/** A pipe of the system's. */
class Pipe implements Disposable {
  readonly #libc = openLibc("Pipe");
  readonly reader: number;
  readonly writer: number;
  readonly #open = new Set<number>();

  constructor() {
    const ends = new Int32Array(2);
    assertEquals(this.#libc.symbols.pipe(new Uint8Array(ends.buffer)), 0);
    [this.reader, this.writer] = [ends[0]!, ends[1]!];
    this.#open.add(this.reader).add(this.writer);
  }

  /** Reads what there is, a few bytes. */
  read(): string {
    const memory = new Uint8Array(16);
    const length = this.#libc.symbols.read(this.reader, memory, 16n);
    return new TextDecoder().decode(memory.subarray(0, Number(length)));
  }

  write(data: string | Uint8Array<ArrayBuffer>): void {
    const bytes = typeof data === "string"
      ? new TextEncoder().encode(data)
      : data;
    this.#libc.symbols.write(this.writer, bytes, BigInt(bytes.length));
  }

  close(fd: number): void {
    if (this.#open.delete(fd)) this.#libc.symbols.close(fd);
  }

  [Symbol.dispose](): void {
    this.close(this.reader);
    this.close(this.writer);
    this.#libc.close();
  }
}

/** Waits until the loop has asked the system anew what is ready, and has called back. */
async function untilPolled(): Promise<void> {
  const loop = getRunningLoop();
  using witness = new Pipe();
  witness.write("x");
  for (let i = 0; i < 2; i++) {
    const called = new Future<void>();
    loop.addReader(witness.reader, () => {
      loop.removeReader(witness.reader);
      called.setResult();
    });
    await called;
  }
}

/** Tests a loop, with two pipes at hand; in the end it has to watch nothing any more. */
function test(
  name: string,
  body: (loop: EventLoop, pipe: Pipe, other: Pipe) => void | Promise<void>,
): void {
  Deno.test(name, { ignore }, () =>
    run(async () => {
      using pipe = new Pipe();
      using other = new Pipe();
      await body(getRunningLoop(), pipe, other);
      await untilNothingHeld();
    }));
}

test(
  "loop.addReader() calls back for as long as there is something to read",
  async (loop, pipe) => {
    const over = new Event();
    let text = "";
    let calls = 0;
    loop.addReader(pipe.reader, (prefix: string) => {
      // Once it is left to be read: the next call must come all the same.
      if (++calls === 2) return;
      text += prefix + pipe.read();
      if (calls === 3) over.set();
    }, ">");
    pipe.write("a");
    while (calls < 1) await sleep(0);
    pipe.write("b");
    await over.wait();
    assertEquals(text, ">a>b");
    assertEquals(loop.removeReader(pipe.reader), true);
    assertEquals(loop.removeReader(pipe.reader), false);
  },
);

test("loop.addReader() tells the end of the file", async (loop, pipe) => {
  const end = new Future<string>();
  loop.addReader(pipe.reader, () => {
    loop.removeReader(pipe.reader);
    end.setResult(pipe.read());
  });
  pipe.close(pipe.writer);
  assertEquals(await end, "");
});

test(
  "loop.addReader() takes the place of the one before, whose call that waits is dropped",
  async (loop, pipe, other) => {
    const called = new Event();
    const calls: string[] = [];
    pipe.write("x");
    other.write("x");
    // Both are ready at once; the first to be called replaces the other, and is replaced by it.
    for (const [fd, rival] of [[pipe, other], [other, pipe]] as const) {
      loop.addReader(fd.reader, () => {
        calls.push("first");
        loop.removeReader(fd.reader);
        loop.addReader(rival.reader, () => {
          calls.push("second");
          loop.removeReader(rival.reader);
          called.set();
        });
      });
    }
    await called.wait();
    assertEquals(calls, ["first", "second"]);
  },
);

test(
  "loop.removeReader() drops a call that waits for its turn",
  async (loop, pipe, other) => {
    const calls: number[] = [];
    for (const each of [pipe, other]) {
      each.write("x");
      loop.addReader(each.reader, () => {
        calls.push(each.reader);
        assert(loop.removeReader(pipe.reader));
        assert(loop.removeReader(other.reader));
      });
    }
    while (calls.length === 0) await sleep(0);
    await untilNothingHeld();
    assertEquals(calls, [pipe.reader]);
  },
);

test("loop.addWriter() calls back when there is space", async (loop, pipe) => {
  const writable = new Future<void>();
  loop.addWriter(pipe.writer, () => {
    assert(loop.removeWriter(pipe.writer));
    writable.setResult();
  });
  await writable;
  assertEquals(loop.removeWriter(pipe.writer), false);

  // A full pipe is not ready until it is read.
  let calls = 0;
  pipe.write(new Uint8Array(64 * 1024));
  const drained = new Future<void>();
  loop.addWriter(pipe.writer, () => {
    calls++;
    loop.removeWriter(pipe.writer);
    drained.setResult();
  });
  await untilPolled();
  assertEquals(calls, 0);
  for (let i = 0; i < 4096; i++) pipe.read();
  await drained;
});

test(
  "loop.addReader() and loop.addWriter() can watch one descriptor",
  async (loop, pipe) => {
    // The end of a pipe whose reader is gone is ready in every respect.
    pipe.close(pipe.reader);
    const events: string[] = [];
    const both = new Event();
    const note = (what: string) => {
      events.push(what);
      if (new Set(events).size === 2) both.set();
    };
    loop.addReader(pipe.writer, note, "reader");
    loop.addWriter(pipe.writer, note, "writer");
    await both.wait();
    assertEquals(loop.removeReader(pipe.writer), true);
    events.length = 0;
    await untilPolled();
    assertEquals(new Set(events), new Set(["writer"]));
    assertEquals(loop.removeWriter(pipe.writer), true);
  },
);

test(
  "loop.addReader() calls back in the context of the call, outside every task",
  async (loop, pipe) => {
    const user = new AsyncLocalStorage<string>();
    const variable = new ContextVar<string>("variable");
    const seen: unknown[] = [];
    const twice = new Future<void>();
    pipe.write("x");
    user.run("user", () => {
      variable.set("set");
      loop.addReader(pipe.reader, () => {
        assertStrictEquals(getRunningLoop(), loop);
        seen.push([user.getStore(), variable.get(), currentTask()]);
        variable.set("set by the call before");
        if (seen.length < 2) return;
        loop.removeReader(pipe.reader);
        twice.setResult();
      });
      variable.set("set later");
    });
    await twice;
    assertEquals(seen, [
      ["user", "set", null],
      ["user", "set by the call before", null],
    ]);
  },
);

test(
  "loop.addReader() goes on after a callback that fails",
  async (loop, pipe) => {
    const contexts = recordExceptions(loop);
    pipe.write("ab");
    const twice = new Event();
    loop.addReader(pipe.reader, () => {
      if (contexts.length === 1) twice.set();
      throw new Error("no");
    });
    await twice.wait();
    loop.removeReader(pipe.reader);
    assert(contexts.length > 0);
  },
);

test(
  "loop.addReader() reports a descriptor that is closed while it is watched",
  async (loop, pipe, other) => {
    const contexts = recordExceptions(loop);
    loop.addReader(pipe.reader, () => {});
    pipe.close(pipe.reader);
    // So that what is watched is looked at anew.
    loop.addReader(other.reader, () => {});
    while (contexts.length === 0) await sleep(0.001);
    assertEquals(contexts.map(({ message }) => message), [
      `The file descriptor ${pipe.reader} was closed while it was watched`,
    ]);
    assertEquals(loop.removeReader(pipe.reader), false);
    assertEquals(loop.removeReader(other.reader), true);
  },
);

test("loop.addReader() refuses what it cannot watch", (loop) => {
  assertThrows(
    () => loop.addReader(new FakeConn() as never, () => {}),
    TypeError,
    "sockRecv()",
  );
  assertThrows(
    () => loop.addReader(-1, () => {}),
    RangeError,
    "received -1",
  );
  assertThrows(
    () => loop.addWriter(0, null as never),
    TypeError,
    "received null",
  );
  assertThrows(() => loop.removeReader("0" as never), TypeError);
  assertThrows(() => loop.removeWriter(0.5), RangeError, "received 0.5");
  let closed;
  {
    using pipe = new Pipe();
    closed = pipe.reader;
  }
  assertThrows(
    () => loop.addReader(closed, () => {}),
    Deno.errors.BadResource,
    `descriptor ${closed}`,
  );
});

Deno.test(
  "A loop that is closed lets go of the descriptors that it watches",
  { ignore },
  async () => {
    using pipe = new Pipe();
    const releases: Promise<void>[] = [];
    const { dlopen } = Deno;
    Deno.dlopen = (...args) => {
      const library = dlopen(...args);
      releases.push(
        new Promise((resolve) => {
          const close = library.close.bind(library);
          library.close = () => {
            close();
            resolve();
          };
        }),
      );
      return library;
    };
    try {
      const loop = newEventLoop();
      await loop.runUntilComplete(async () => {
        loop.addReader(pipe.reader, () => {});
        await untilPolled();
      });
      loop.close();
      assertEquals(loop.removeReader(pipe.reader), false);
      assertThrows(() => loop.addReader(pipe.reader, () => {}), RuntimeError);
      const idle = newEventLoop();
      idle.addReader(pipe.reader, () => {});
      idle.close();
      assert(releases.length >= 2);
      await Promise.all(releases);
    } finally {
      Deno.dlopen = dlopen;
    }
  },
);

/** Runs a program with some permissions, and returns what it printed. */
async function output(source: string, ...flags: string[]): Promise<string> {
  const library = new URL("../mod.ts", import.meta.url).href;
  const script = source.replaceAll('"asyncio"', JSON.stringify(library));
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-config",
      "--no-prompt",
      ...flags,
      `data:text/javascript,${encodeURIComponent(script)}`,
    ],
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test(
  "loop.addReader() says what it needs where it may not",
  { ignore },
  async () => {
    const script = `
      import { getRunningLoop, run } from "asyncio";
      await run(async () => {
        try {
          getRunningLoop().addReader(0, () => {});
        } catch (error) {
          console.log(error.name, error.message.includes("--allow-ffi"));
        }
      });
    `;
    assertEquals(await output(script), "NotSupported true\n");
  },
);

Deno.test(
  "A program exits when it watches no descriptor any more",
  { ignore },
  async () => {
    const script = `
      import { getEventLoop } from "asyncio";
      const loop = getEventLoop();
      loop.addReader(0, () => {
        console.log(loop.removeReader(0));
      });
    `;
    assertEquals(await output(script, "--allow-ffi"), "true\n");
  },
);
