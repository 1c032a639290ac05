// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Callback, RepeatedCall } from "./core/handle.ts";
import { assertDeno, errors } from "./core/runtime.ts";
import {
  callOutsideTasks,
  type Resource,
  type Scheduler,
} from "./core/scheduler.ts";
import { assertInteger, wrongType } from "./core/validate.ts";

const POLLIN = 1;
const POLLOUT = 4;
const POLLNVAL = 32;

/** The size of a `struct pollfd`: the descriptor, what is asked of it, what is so. */
const POLLFD_SIZE = 8;
const EVENTS_AT = 4;
const REVENTS_AT = 6;

/** Whether a descriptor can be read, or written. */
export type Direction = "reader" | "writer";

/** The calls for a descriptor. Immutable, so that those polled for differ from those added later. */
type Watch = Readonly<Record<Direction, RepeatedCall | null>>;

const selectors = new WeakMap<Scheduler, Selector>();

/** Throws unless `fd` is the number of a file descriptor. */
export function assertDescriptor(method: string, fd: unknown): void {
  if (typeof fd === "number") {
    assertInteger(`The descriptor of ${method}()`, fd, 0);
    return;
  }
  throw wrongType(
    `The descriptor of ${method}()`,
    "an integer (for what Deno opens, which has none, there are sockRecv() and connectReadPipe())",
    fd,
  );
}

/** Calls a function each time a descriptor is ready, in place of the previous one. */
export function watch(
  scheduler: Scheduler,
  direction: Direction,
  fd: number,
  callback: Callback,
  args: unknown[],
): void {
  let selector = selectors.get(scheduler);
  const libc = selector?.libc ??
    openLibc(direction === "reader" ? "addReader" : "addWriter");
  // Before a selector opens descriptors of its own.
  if (!isOpen(libc, fd)) {
    if (selector === undefined) libc.close();
    throw new errors.BadResource(
      `Cannot watch the file descriptor ${fd} as it is not open`,
    );
  }
  selector ??= new Selector(scheduler, libc);
  selector.watch(direction, fd, new RepeatedCall(scheduler, callback, args));
}

/** Removes that function; returns `false` if there was none. */
export function unwatch(
  scheduler: Scheduler,
  direction: Direction,
  fd: number,
): boolean {
  return selectors.get(scheduler)?.unwatch(direction, fd) ?? false;
}

/**
 * Watches file descriptors by `poll(2)` on another thread, as Deno has no API for it. Exists only while there are
 * descriptors to watch.
 */
class Selector implements Resource {
  readonly #scheduler: Scheduler;
  readonly libc: Libc;
  readonly #watches = new Map<number, Watch>();
  /** A byte in this pipe ends the poll that is under way. */
  readonly #wakeReader: number;
  readonly #wakeWriter: number;
  #stage: "idle" | "polling" | "dispatching" = "idle";
  #isWoken = false;
  /** A call that starts the next poll is in the ready queue. */
  #isLookDue = false;
  #isAbandoned = false;

  constructor(scheduler: Scheduler, libc: Libc) {
    this.#scheduler = scheduler;
    this.libc = libc;
    const ends = new Int32Array(2);
    if (libc.symbols.pipe(bytesOf(ends)) !== 0) {
      libc.close();
      throw new Error("Cannot make a pipe: too many files are open");
    }
    [this.#wakeReader, this.#wakeWriter] = [ends[0]!, ends[1]!];
    scheduler.resources.add(this);
    selectors.set(scheduler, this);
  }

  watch(direction: Direction, fd: number, call: RepeatedCall): void {
    const before = this.#watches.get(fd);
    before?.[direction]?.cancel();
    this.#watches.set(fd, {
      reader: before?.reader ?? null,
      writer: before?.writer ?? null,
      [direction]: call,
    });
    this.#changed();
  }

  unwatch(direction: Direction, fd: number): boolean {
    const before = this.#watches.get(fd);
    const call = before?.[direction];
    if (before === undefined || call == null) return false;
    call.cancel();
    const after = { ...before, [direction]: null };
    if (after.reader === null && after.writer === null) {
      this.#watches.delete(fd);
    } else this.#watches.set(fd, after);
    this.#changed();
    return true;
  }

  /** The loop is closed. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#watches.clear();
    if (this.#stage === "polling") this.#wake();
    else this.#release();
  }

  #changed(): void {
    if (this.#stage === "polling") this.#wake();
    else if (this.#stage === "idle") this.#lookSoon();
  }

  #wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    this.libc.symbols.write(this.#wakeWriter, new Uint8Array(1), 1n);
  }

  /** Behind the ready callbacks: they may read or write the descriptors first. */
  #lookSoon(): void {
    if (this.#isLookDue) return;
    this.#isLookDue = true;
    this.#scheduler.call(() => {
      this.#isLookDue = false;
      if (this.#watches.size === 0) this.#release();
      else this.#poll();
    });
  }

  #poll(): void {
    const polled = [...this.#watches];
    const pollfds = pollfdsOf([
      [this.#wakeReader, POLLIN],
      ...polled.map(([fd, watch]): [number, number] => [fd, eventsOf(watch)]),
    ]);
    this.#stage = "polling";
    const count = BigInt(polled.length + 1);
    const polling = this.libc.symbols.poll(bytesOf(pollfds), count, -1);
    callOutsideTasks(this.#scheduler, () => {
      polling.then(() => {
        if (this.#isAbandoned) {
          this.#release();
          return;
        }
        this.#stage = "dispatching";
        this.#scheduler.call(() => this.#dispatch(polled, pollfds));
      });
    });
  }

  #dispatch(polled: [number, Watch][], pollfds: DataView): void {
    this.#stage = "idle";
    if (this.#isWoken) {
      this.libc.symbols.read(this.#wakeReader, new Uint8Array(1), 1n);
      this.#isWoken = false;
    }
    for (const [i, [fd, watch]] of polled.entries()) {
      const revents = reventsOf(pollfds, i + 1);
      // What has changed since then is polled for again.
      if (revents === 0 || this.#watches.get(fd) !== watch) continue;
      if (revents & POLLNVAL) {
        this.#lose(fd);
        continue;
      }
      if (revents & ~POLLOUT) watch.reader?.enqueue();
      if (revents & ~POLLIN) watch.writer?.enqueue();
    }
    this.#lookSoon();
  }

  #lose(fd: number): void {
    this.#watches.delete(fd);
    this.#scheduler.report({
      message: `The file descriptor ${fd} was closed while it was watched`,
    });
  }

  #release(): void {
    this.libc.symbols.close(this.#wakeReader);
    this.libc.symbols.close(this.#wakeWriter);
    this.libc.close();
    this.#scheduler.resources.delete(this);
    selectors.delete(this.#scheduler);
  }
}

function isOpen(libc: Libc, fd: number): boolean {
  const pollfd = pollfdsOf([[fd, 0]]);
  libc.symbols.pollNow(bytesOf(pollfd), 1n, 0);
  return (reventsOf(pollfd, 0) & POLLNVAL) === 0;
}

function eventsOf({ reader, writer }: Watch): number {
  return (reader === null ? 0 : POLLIN) | (writer === null ? 0 : POLLOUT);
}

/** In the order of bytes that every system has that Deno runs on. */
function pollfdsOf(
  entries: [fd: number, events: number][],
): DataView<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(entries.length * POLLFD_SIZE));
  for (const [i, [fd, events]] of entries.entries()) {
    view.setInt32(i * POLLFD_SIZE, fd, true);
    view.setInt16(i * POLLFD_SIZE + EVENTS_AT, events, true);
  }
  return view;
}

function reventsOf(pollfds: DataView, index: number): number {
  return pollfds.getInt16(index * POLLFD_SIZE + REVENTS_AT, true);
}

function bytesOf(
  { buffer }: ArrayBufferView<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer);
}

const POLL_FUNCTION = {
  name: "poll",
  parameters: ["buffer", "usize", "i32"],
  result: "i32",
} as const;

const LIBC_FUNCTIONS = {
  poll: { ...POLL_FUNCTION, nonblocking: true },
  pollNow: POLL_FUNCTION,
  pipe: { parameters: ["buffer"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

/** The functions of the system that {@linkcode openLibc} gives. */
type Libc = Deno.DynamicLibrary<typeof LIBC_FUNCTIONS>;

/** The name of the C library; on Linux also the one of musl. */
const LIBC_NAMES: Partial<Record<typeof Deno.build.os, readonly string[]>> = {
  linux: ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"],
  android: ["libc.so"],
  darwin: ["libSystem.dylib"],
  freebsd: ["libc.so.7"],
};

/** Opens the system's C library; throws `Deno.errors.NotSupported` if that cannot be. */
export function openLibc(method: string): Libc {
  assertDeno(method);
  const names = LIBC_NAMES[Deno.build.os];
  if (names === undefined) throw notSupported(method, "on this system");
  let cause: unknown;
  for (const name of names) {
    try {
      return Deno.dlopen(name, LIBC_FUNCTIONS);
    } catch (error) {
      if (error instanceof errors.NotCapable) {
        throw notSupported(method, "without --allow-ffi", error);
      }
      cause = error;
    }
  }
  throw notSupported(method, "without the system's C library", cause);
}

function notSupported(method: string, where: string, cause?: unknown): Error {
  return new errors.NotSupported(
    `${method}() is not supported ${where}: use sockRecv(), sockSendAll(), connectReadPipe() or connectWritePipe()`,
    { cause },
  );
}
