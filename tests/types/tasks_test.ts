// Copyright 2026 the asyncio for Deno authors. MIT license.

import type { IsExact } from "@std/testing/types";
import {
  backoff,
  firstSuccess,
  forEachConcurrent,
  type Future,
  type Limit,
  mapConcurrent,
  race,
  rethrowCancelled,
  retry,
  run,
  Semaphore,
  sleep,
  supervise,
  type Task,
  taskGroup,
} from "../../mod.ts";

// What matters here is that this compiles: the types that programs get without saying them.

/** States that a value has exactly a type. */
function states<Expected>() {
  return <Actual>(
    _value: () => Actual,
    _isExact: IsExact<Actual, Expected>,
  ): void => {};
}

async function* pages(): AsyncGenerator<{ url: string }> {
  yield { url: "/" };
}

const semaphore = new Semaphore(2);

Deno.test("mapConcurrent() infers the items and the results", () => {
  states<AsyncIterableIterator<number> & AsyncDisposable>()(
    () => mapConcurrent(["a"], (item) => item.length, { limit: 1 }),
    true,
  );
  states<AsyncIterableIterator<string> & AsyncDisposable>()(
    () => mapConcurrent(pages(), async ({ url }) => await url, { limit: 1 }),
    true,
  );
  states<AsyncIterableIterator<[number, string]> & AsyncDisposable>()(
    () =>
      mapConcurrent(
        new Map([[1, "a"]]),
        ([key, value]): [number, string] => [key, value],
        { limit: [5, semaphore], ordered: true, buffer: 3 },
      ),
    true,
  );
  states<AsyncIterableIterator<void> & AsyncDisposable>()(
    () => mapConcurrent([1], (n, i) => sleep(n + i), { limit: semaphore }),
    true,
  );
  void (() => {
    // @ts-expect-error -- the limit is required
    mapConcurrent([1], (n) => n, {});
    // @ts-expect-error -- a function of another item
    mapConcurrent([1], (text: string) => text, { limit: 1 });
    // @ts-expect-error -- a number is not a limit if it is text
    mapConcurrent([1], (n) => n, { limit: "5" });
  });
});

Deno.test("mapConcurrent() gives the results to for await", () => {
  void (async () => {
    for await (
      const page of mapConcurrent(pages(), (page) => page, { limit: 1 })
    ) {
      states<string>()(() => page.url, true);
    }
    await using results = mapConcurrent([1], String, { limit: 1 });
    const next = await results.next();
    if (!next.done) states<string>()(() => next.value, true);
  });
});

Deno.test("forEachConcurrent() infers the items", () => {
  states<Promise<void>>()(
    () =>
      forEachConcurrent(pages(), ({ url }, index) => {
        states<string>()(() => url, true);
        states<number>()(() => index, true);
        return url;
      }, { limit: 1 }),
    true,
  );
});

Deno.test("Limit is met by what has an acquire(), whatever else it has", () => {
  const limits: Limit[] = [
    semaphore,
    { acquire: () => Promise.resolve({ [Symbol.dispose]() {} }) },
    { acquire: () => sleep(0, { [Symbol.dispose]() {} }) },
  ];
  // @ts-expect-error -- what acquire() gives must be disposable
  limits.push({ acquire: () => Promise.resolve(1) });
});

Deno.test("race() and firstSuccess() infer the union of the results", () => {
  const one = () => 1;
  const text = () => sleep(0, "text");
  const flag = () => Promise.resolve(true);
  states<Promise<number | string | boolean>>()(
    () => race([one, text, flag]),
    true,
  );
  states<Promise<number | string>>()(() => firstSuccess([one, text]), true);
  states<Promise<string>>()(() => race([text]), true);
  states<Promise<number>>()(() => race([1, 2].map((n) => () => n)), true);
  states<Promise<number>>()(
    () =>
      race([one, () => {
        throw new Error();
      }]),
    true,
  );
  states<Promise<number>>()(
    () => firstSuccess([one, () => Promise.reject<never>(new Error())]),
    true,
  );
  void (() => {
    // @ts-expect-error -- promises are not functions
    race([Promise.resolve(1)]);
    // @ts-expect-error -- functions that need an argument
    race([(n: number) => n]);
  });
});

Deno.test("retry() infers the result", () => {
  states<Promise<number>>()(() => retry((attempt) => attempt), true);
  states<Promise<string>>()(
    () =>
      retry(async () => await "text", {
        attempts: Infinity,
        delay: backoff({ first: 1 }),
        when: (error) => error instanceof TypeError,
        within: null,
        onRetry: (error, attempt, delay) => {
          states<unknown>()(() => error, true);
          states<number>()(() => attempt + delay, true);
        },
      }),
    true,
  );
  states<Promise<void>>()(() => retry(() => sleep(0)), true);
  states<(attempt: number) => number>()(() => backoff(), true);
  states<void>()(() => rethrowCancelled(new Error()), true);
  states<Promise<void>>()(
    () => supervise(() => 5, { limit: { restarts: 1, within: 1 } }),
    true,
  );
});

Deno.test("TaskGroup.start() infers the value from started()", () => {
  async function serve(started: (port: number) => void): Promise<void> {
    await sleep(0);
    started(80);
  }
  void (() =>
    taskGroup((group) => {
      states<Future<number>>()(() => group.start(serve), true);
      states<Future<void>>()(() => group.start((started) => started()), true);
      states<Future<string>>()(
        () => group.start<string>((started) => started("text")),
        true,
      );
      states<Task<number>>()(
        () => group.createTask(() => sleep(0, 1), { background: true }),
        true,
      );
      // @ts-expect-error -- the value is missing
      group.start<number>((started) => started());
    }));
});

Deno.test("run() takes signals and a grace time", () => {
  void (() => {
    states<Promise<number>>()(
      () => run(() => 1, { signals: ["SIGINT", "SIGTERM"], grace: 4 }),
      true,
    );
    const signals = ["SIGINT", "SIGTERM"] as const;
    run(() => 1, { signals, grace: null });
    // @ts-expect-error -- not a signal
    run(() => 1, { signals: ["SIGNOPE"] });
  });
});
