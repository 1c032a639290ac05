// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * The least JavaScript that does the work of each case of `tasks.ts` and `primitives.ts`: what an `await` that a
 * queue resumes costs anyway, and what this library adds.
 *
 * What is missing: current tasks, scopes, async contexts, argument checks, errors, fairness, timers that fire, and
 * any cancellation except in the case that measures it. One task runs at a time, up to its next `await` of something
 * pending; that is all.
 *
 * @module
 */

type Resume = (value?: unknown) => void;

/** An entry of the ready queue. Returns whether it resumed a task, which calls {@linkcode next} when it stops. */
interface Entry {
  run(): boolean;
}

/** More than any case has ready at a time. */
const SIZE = 2 ** 16;
const ready = Array<Entry | null>(SIZE).fill(null);
let first = 0;
let last = 0;

function push(entry: Entry): void {
  ready[last++ & SIZE - 1] = entry;
}

function next(): void {
  while (first < last) {
    const index = first++ & SIZE - 1;
    const entry = ready[index]!;
    ready[index] = null;
    if (first === last) first = last = 0;
    if (entry.run()) return;
  }
}

/** An `await` that ends when it is pushed and has its turn. */
class Wait implements Entry {
  protected resume: Resume | null = null;
  value: unknown = undefined;

  then(resolve: Resume): void {
    this.resume = resolve;
    next();
  }

  run(): boolean {
    this.resume!(this.value);
    return true;
  }
}

/** `sleep(0)`. */
class Turn extends Wait {
  override then(resolve: Resume): void {
    this.resume = resolve;
    push(this);
    next();
  }
}

function turn(): PromiseLike<void> {
  return new Turn() as unknown as PromiseLike<void>; // its `then` returns nothing, which `await` ignores
}

function wait<T = void>(): Wait & PromiseLike<T> {
  return new Wait() as unknown as Wait & PromiseLike<T>; // likewise
}

async function nothing(): Promise<void> {}

class Task implements Entry {
  #isDone = false;
  #resume: Resume | null = null;

  constructor(readonly body: () => Promise<void>) {
    push(this);
  }

  run(): boolean {
    if (this.#isDone) this.#resume!();
    else this.body().then(() => this.#end());
    return true;
  }

  #end(): void {
    this.#isDone = true;
    if (this.#resume !== null) push(this);
    next();
  }

  then(resolve: Resume): void {
    if (this.#isDone) {
      resolve();
    } else {
      this.#resume = resolve;
      next();
    }
  }
}

/** Runs tasks that nothing refers to; the same entry starts them all. */
function together(bodies: Iterable<() => Promise<void>>): Wait {
  const all = wait();
  const each = bodies[Symbol.iterator]();
  let left = 0;
  const end = () => {
    if (--left === 0) push(all);
    next();
  };
  const child = {
    run(): boolean {
      each.next().value().then(end, end);
      return true;
    },
  };
  for (const _ of bodies) {
    left++;
    push(child);
  }
  return all;
}

/** Awaits tasks, one after the other. */
export async function spawn(tasks: number): Promise<void> {
  for (let i = 0; i < tasks; i++) await new Task(nothing);
}

/** Awaits tasks together. */
export async function spawnTogether(
  times: number,
  tasks: number,
): Promise<void> {
  const bodies = Array(tasks).fill(nothing);
  for (let i = 0; i < times; i++) await together(bodies);
}

/** Lets tasks take turns. */
export async function takeTurns(tasks: number, times: number): Promise<void> {
  const body = async () => {
    for (let i = 0; i < times; i++) await turn();
  };
  await (tasks === 1 ? body() : together(Array(tasks).fill(body)));
}

/** Runs many tasks, few at a time. */
export async function limitJobs(
  times: number,
  tasks: number,
  atATime: number,
): Promise<void> {
  const permits = new Permits(atATime);
  const body = async () => {
    await permits.acquire();
    try {
      await turn();
    } finally {
      permits.release();
    }
  };
  for (let i = 0; i < times; i++) await together(Array(tasks).fill(body));
}

/** Awaits a turn within a limit, which takes a look at the clock, an object, and a place to keep it. */
export async function limitTime(times: number): Promise<void> {
  const limits: unknown[] = [];
  const limit = async (body: () => PromiseLike<void>) => {
    limits.push({ when: performance.now() + 60_000 });
    try {
      return await body();
    } finally {
      limits.pop();
    }
  };
  for (let i = 0; i < times; i++) await limit(turn);
}

class Endless extends Wait {
  #cancel: Resume | null = null;

  override then(_: Resume, reject?: Resume): void {
    this.#cancel = reject!;
    next();
  }

  override run(): boolean {
    this.#cancel!();
    return true;
  }
}

/** Suspends tasks, and rejects what each of them awaits. */
export async function cancel(tasks: number): Promise<void> {
  const suspended: Endless[] = [];
  const body = async () => {
    const endless = new Endless();
    suspended.push(endless);
    await endless;
  };
  const all = together(Array(tasks).fill(body));
  await turn();
  for (const each of suspended) push(each);
  await all;
}

class Call implements Entry {
  constructor(readonly fn: () => void) {}

  run(): boolean {
    this.fn();
    return false;
  }
}

/** Calls functions in their turn. */
export async function callSoon(calls: number): Promise<void> {
  const callback = () => {};
  for (let i = 0; i < calls; i++) push(new Call(callback));
  await turn();
}

/** Awaits what is done. */
export async function awaitDone(times: number): Promise<void> {
  const done = { then: (resolve: Resume) => resolve(1) };
  for (let i = 0; i < times; i++) await done;
}

/** A semaphore, or a lock if there is one permit. */
class Permits {
  readonly #waits: Wait[] = [];

  constructor(private free: number) {}

  acquire(): Wait | undefined {
    if (this.free > 0) {
      this.free--;
      return undefined;
    }
    const acquired = wait();
    this.#waits.push(acquired);
    return acquired;
  }

  release(): void {
    const first = this.#waits.shift();
    if (first === undefined) this.free++;
    else push(first);
  }
}

/** Two tasks hand a permit to each other. */
export async function handOver(times: number): Promise<void> {
  const permits = new Permits(0);
  const body = async () => {
    for (let i = 0; i < times / 2; i++) {
      await permits.acquire();
      permits.release();
    }
  };
  const both = together([body, body]);
  await turn();
  permits.release();
  await both;
}

/** Takes a free lock. */
export async function takeFree(times: number): Promise<void> {
  const lock = new Permits(1);
  for (let i = 0; i < times; i++) {
    await lock.acquire();
    lock.release();
  }
}

/** A queue of any length. */
class Unbounded {
  readonly #items: unknown[] = [];
  #get: Wait | null = null;

  put(item: unknown): void {
    if (this.#get === null) {
      this.#items.push(item);
    } else {
      this.#get.value = item;
      push(this.#get);
      this.#get = null;
    }
  }

  get(): unknown {
    return this.#items.length > 0 ? this.#items.shift() : this.#get = wait();
  }
}

/** Two tasks hand an item to each other, through two queues. */
export async function pingPong(times: number): Promise<void> {
  const [there, back] = [new Unbounded(), new Unbounded()];
  new Task(async () => {
    for (let i = 0; i < times / 2; i++) await back.put(await there.get());
  });
  for (let i = 0; i < times / 2; i++) {
    await there.put(i);
    await back.get();
  }
}

/** Puts and gets, in one task. */
export async function putAndGet(times: number): Promise<void> {
  const queue = new Unbounded();
  for (let i = 0; i < times; i++) {
    await queue.put(i);
    await queue.get();
  }
}

const EMPTY = Symbol("empty");

/** A queue of one item. */
class QueueOfOne {
  #item: unknown = EMPTY;
  #put: Wait | null = null;
  #get: Wait | null = null;

  put(item: unknown): unknown {
    if (this.#item !== EMPTY) {
      this.#put = wait();
      this.#put.value = item;
      return this.#put;
    }
    if (this.#get === null) {
      this.#item = item;
    } else {
      this.#get.value = item;
      push(this.#get);
      this.#get = null;
    }
    return undefined;
  }

  get(): unknown {
    if (this.#item === EMPTY) return this.#get = wait();
    const item = this.#item;
    this.#item = EMPTY;
    if (this.#put !== null) {
      this.#item = this.#put.value;
      push(this.#put);
      this.#put = null;
    }
    return item;
  }
}

/** One task puts, another gets. */
export async function fillAndEmpty(times: number): Promise<void> {
  const queue = new QueueOfOne();
  const consumer = new Task(async () => {
    for (let i = 0; i < times; i++) await queue.get();
  });
  for (let i = 0; i < times; i++) await queue.put(i);
  await consumer;
}

/** Puts and gets in the order of priority, by a sorted array. */
export async function putAndGetSorted(
  times: number,
  length: number,
): Promise<void> {
  const items = Array.from({ length }, (_, i) => i);
  const put = (item: number) => {
    let low = 0;
    let high = items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (items[middle]! <= item) low = middle + 1;
      else high = middle;
    }
    items.splice(low, 0, item);
  };
  for (let i = 0; i < times; i++) {
    await put(i);
    await items.shift();
  }
}

class Flag {
  #isSet = false;
  readonly #waits: Wait[] = [];

  wait(): Wait | undefined {
    if (this.#isSet) return undefined;
    const set = wait();
    this.#waits.push(set);
    return set;
  }

  set(): void {
    this.#isSet = true;
    for (const each of this.#waits) push(each);
    this.#waits.length = 0;
  }

  clear(): void {
    this.#isSet = false;
  }
}

/** Two tasks wake each other by an event each. */
export async function signal(times: number): Promise<void> {
  const [there, back] = [new Flag(), new Flag()];
  new Task(async () => {
    for (let i = 0; i < times / 2; i++) {
      await there.wait();
      there.clear();
      back.set();
    }
  });
  for (let i = 0; i < times / 2; i++) {
    there.set();
    await back.wait();
    back.clear();
  }
}

/** Wakes many tasks by one event, several times. */
export async function signalAll(times: number, tasks: number): Promise<void> {
  const flags = Array.from({ length: times }, () => new Flag());
  const body = async () => {
    for (const flag of flags) await flag.wait();
  };
  const all = together(Array(tasks).fill(body));
  for (const flag of flags) {
    await turn();
    flag.set();
  }
  await all;
}

/** Two tasks take turns by a lock and a list of waits. */
export async function notify(times: number): Promise<void> {
  const lock = new Permits(1);
  const waits: Wait[] = [];
  let current = 0;
  const body = (mine: number) => async () => {
    for (let i = 0; i < times / 2; i++) {
      await lock.acquire();
      while (current !== mine) {
        const notified = wait();
        waits.push(notified);
        lock.release();
        await notified;
        await lock.acquire();
      }
      current = 1 - mine;
      const first = waits.shift();
      if (first !== undefined) push(first);
      lock.release();
    }
  };
  await together([body(0), body(1)]);
}

/** Several tasks wait for one another. */
export async function meet(times: number, tasks: number): Promise<void> {
  let waits: Wait[] = [];
  const arrive = () => {
    if (waits.length < tasks - 1) {
      const met = wait();
      waits.push(met);
      return met;
    }
    for (const each of waits) push(each);
    waits = [];
    return undefined;
  };
  const body = async () => {
    for (let i = 0; i < times; i++) await arrive();
  };
  await together(Array(tasks).fill(body));
}
