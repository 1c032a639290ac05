// Copyright 2026 the asyncio for Deno authors. MIT license.

import {
  DurableQueue,
  JetStreamStore,
  type Job,
  MemoryStore,
  type NatsConnection,
  PostgresStore,
  SqliteStore,
} from "../../queues/durable/mod.ts";
import {
  ANY_COUNT,
  ANYTHING,
  AT_LEAST_0,
  BOOLEAN,
  FUNCTION,
  given,
  INTEGER,
  ITERABLE,
  nullable,
  OBJECT,
  optional,
  options,
  POSITIVE,
  SECONDS,
  STRING,
} from "./parameters.ts";
// Type-only import: the subjects are made of these.
import type { Parameters, Subject } from "./subjects.ts";

const STORE = given(OBJECT, () => new MemoryStore());
/** A value that JSON can hold; only the library tells which junk is one. */
const JSON_VALUE = given(ANYTHING, () => ({ to: "x" }));
/** A number of seconds of at least 0; an infinite one is refused, too. */
const DELAY = optional(given(AT_LEAST_0, () => undefined));

function queue(): DurableQueue<unknown> {
  return new DurableQueue<unknown>("arguments", new MemoryStore());
}

async function job(): Promise<Job> {
  const one = queue();
  await one.put("x");
  return await one.get();
}

const NATS: NatsConnection = {
  request: () => Promise.reject(new Error("closed")),
  publish() {},
  subscribe: () => ({ unsubscribe() {} }),
};

/** The parameters of the functions of durable queues. */
export const DURABLE_FUNCTIONS: Readonly<Record<string, Parameters>> = {
  checkStore: [
    given(FUNCTION, () => {
      const store = new MemoryStore();
      return () => store;
    }),
    options({
      lease: given(optional(POSITIVE), () => 0.01),
      fixed: optional(BOOLEAN),
      close: optional(FUNCTION),
      transaction: optional(FUNCTION),
    }),
  ],
  worker: [
    given(OBJECT, queue),
    FUNCTION,
    options({
      concurrency: optional(INTEGER),
      grace: optional(given(AT_LEAST_0, () => 1)),
    }),
  ],
};

/** The parameters of the classes of durable queues. */
export const DURABLE_CLASSES: Readonly<Record<string, Subject>> = {
  DurableQueue: {
    make: queue,
    construct: [
      STRING,
      STORE,
      options({
        lease: optional(POSITIVE),
        attempts: optional(ANY_COUNT),
        delay: optional({
          ...SECONDS,
          takes: (value) => SECONDS.takes(value) || FUNCTION.takes(value),
        }),
        keepKeys: DELAY,
        keepResults: DELAY,
        whenDown: optional(given(STRING, () => "throw")),
      }),
    ],
    methods: {
      put: [
        JSON_VALUE,
        options({
          key: optional(nullable(STRING)),
          delay: optional(SECONDS),
          within: given(ANYTHING, () => undefined),
        }),
      ],
      putMany: [
        ITERABLE,
        options({
          key: optional(given(FUNCTION, () => () => "key")),
          delay: optional(SECONDS),
          within: given(ANYTHING, () => undefined),
        }),
      ],
      result: [STRING],
      putBack: [STRING],
    },
  },
  Job: {
    make: job,
    construct: null,
    methods: {
      done: [ANYTHING],
      retry: [options({ after: optional(SECONDS), reason: ANYTHING })],
      dead: [ANYTHING],
    },
  },
  LeaseLost: { construct: [ANYTHING, ANYTHING], methods: {} },
  StoreDown: { construct: [ANYTHING, ANYTHING], methods: {} },
  MemoryStore: { construct: [], methods: {} },
  SqliteStore: {
    construct: [
      given(
        { ...STRING, takes: (v) => typeof v === "string" || v instanceof URL },
        () => ":memory:",
      ),
      options({ poll: optional(POSITIVE), patience: optional(AT_LEAST_0) }),
    ],
    methods: {},
  },
  PostgresStore: {
    make: () => new PostgresStore(() => Promise.resolve([])),
    construct: [
      FUNCTION,
      options({
        schema: optional(given(STRING, () => "durable")),
        listen: optional(FUNCTION),
        notify: optional(BOOLEAN),
        poll: optional(POSITIVE),
      }),
    ],
    methods: {},
  },
  JetStreamStore: {
    construct: [
      given(OBJECT, () => NATS),
      options({
        prefix: optional(given(STRING, () => "durable")),
        replicas: optional(INTEGER),
        poll: optional(POSITIVE),
        patience: optional(POSITIVE),
      }),
    ],
    methods: {},
  },
};

/** The stores: their methods are called by a `DurableQueue`, which has checked what it was given. */
export const STORES: readonly string[] = [
  MemoryStore,
  SqliteStore,
  PostgresStore,
  JetStreamStore,
].map(({ name }) => name);
