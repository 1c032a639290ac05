// Copyright 2026 the asyncio for Deno authors. MIT license.

import { inspectAsText } from "../../loop/core/inspection.ts";
import { isInstance, textAt, textOf } from "../../loop/core/unknown_value.ts";
import {
  assertInteger,
  assertMethods,
  assertOptions,
  assertPositive,
  outOfRange,
  wrongType,
} from "../../loop/core/validate.ts";
import { StoreDown } from "./errors.ts";
import type {
  Counts,
  DeadLetter,
  Guarantees,
  JobOutcome,
  Lease,
  Leases,
  LeaseToken,
  NewJob,
  QueueState,
  Settlement,
  Store,
  StoredResult,
} from "./store.ts";

/**
 * A message of NATS, as the drivers `nats` and `@nats-io/nats-core` pass it.
 *
 * @category Durable queues
 */
export interface NatsMessage {
  /** The subject that an answer goes to. */
  readonly reply?: string | undefined;
  /** The payload. */
  readonly data: Uint8Array;
  /** The headers, and the status of a message without a payload. */
  readonly headers?: { readonly code: number } | undefined;
}

/**
 * The part of a connection to NATS that the store uses: that of the drivers `nats` and `@nats-io/nats-core`.
 *
 * @category Durable queues
 */
export interface NatsConnection {
  /** Sends a message, and waits for the answer. */
  request(
    subject: string,
    payload?: Uint8Array,
    options?: { timeout: number; headers?: unknown },
  ): Promise<NatsMessage>;
  /** Sends a message. */
  publish(
    subject: string,
    payload?: Uint8Array,
    options?: { reply?: string },
  ): void;
  /** Calls a function for each message to a subject. */
  subscribe(
    subject: string,
    options: { callback: (error: Error | null, message: NatsMessage) => void },
  ): { unsubscribe(): void };
}

/**
 * The options of a {@linkcode JetStreamStore}.
 *
 * @category Durable queues
 */
export interface JetStreamStoreOptions {
  /** The first part of the names of streams and subjects; `"durable"` by default. */
  prefix?: string | undefined;
  /** The number of servers that keep each job; 1 by default. */
  replicas?: number | undefined;
  /** How often, in seconds, to look again; 1 by default. */
  poll?: number | undefined;
  /** How long, in seconds, the server may take to answer before it counts as down; 5 by default. */
  patience?: number | undefined;
}

/** The shortest time, in seconds, for which the server recognises a message that is put again. */
const MIN_WINDOW = 120;
/** The number of nanoseconds in a second: the unit of JetStream. */
const NANOSECONDS = 1e9;
const NOT_FOUND = 404;
const CONSUMER = "workers";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The state of a stream, or of a consumer. */
interface Info {
  readonly config: Readonly<Record<string, unknown>>;
  readonly state?: { readonly messages: number };
  readonly num_pending?: number;
  readonly num_ack_pending?: number;
  readonly num_redelivered?: number;
}

/** An answer of JetStream's API. */
interface ApiAnswer extends Partial<Info> {
  readonly error?: { readonly code: number; readonly description: string };
  readonly seq?: number;
  readonly streams?: readonly string[];
  readonly total?: number;
  readonly message?: {
    readonly seq: number;
    readonly subject: string;
    readonly data?: string;
  };
}

/** The payload of a job. */
interface Payload {
  readonly value: unknown;
  readonly key: string | null;
  /** When the job is ready, in milliseconds since 1970; `null` for one without a delay. */
  readonly from: number | null;
}

/**
 * A store on NATS JetStream, for those who have a cluster of it. Each queue is a stream of its own, whose redelivery,
 * acknowledgement and deduplication are JetStream's.
 *
 * **By default, NATS answers before it has written to the disk**: a server that loses its power may lose the jobs of the
 * last moments, unless several servers keep each job (`replicas`).
 *
 * It guarantees delays and keys, but neither results nor transactions, and does not refuse a late answer: `done()`
 * throws `LeaseLost` by the clock of the worker. All handles of a queue must have the same `lease`. A dead letter has
 * the error of its last attempt only, a job that is put back has a new id, and `counts()` takes delayed jobs for ready
 * or leased ones. Jobs that are put together are written one by one.
 *
 * Works with NATS 2.9 and later, through the drivers `nats` and `@nats-io/transport-deno` or `-node`.
 *
 * @example With the driver `nats`
 * ```ts ignore
 * import { connect } from "npm:nats";
 * import { DurableQueue, JetStreamStore } from "@asyncio/asyncio/durable";
 *
 * const connection = await connect({ servers: "localhost" });
 * const queue = new DurableQueue<string>("mail", new JetStreamStore(connection));
 * await queue.put("hello", { key: "order 17" });
 * ```
 *
 * @category Durable queues
 */
export class JetStreamStore implements Store {
  /** The guarantees of the store: delays and keys. */
  readonly guarantees: Guarantees = {
    fencing: false,
    delays: true,
    keys: true,
    results: false,
    transactions: false,
    records: false,
  };
  /** How often, in seconds, to look again. */
  readonly poll: number;
  readonly #connection: NatsConnection;
  readonly #prefix: string;
  readonly #replicas: number;
  /** In milliseconds. */
  readonly #timeout: number;
  readonly #streams = new Map<string, Promise<JobStream>>();

  static {
    inspectAsText(this);
  }

  /**
   * Constructs a new instance.
   *
   * @param connection A connection to NATS, which the program closes itself.
   * @param options The names and the number of replicas of the streams.
   * @throws {RangeError} If an option is out of range.
   * @throws {TypeError} If an argument has the wrong type.
   */
  constructor(
    connection: NatsConnection,
    options: JetStreamStoreOptions = {},
  ) {
    assertMethods(
      "The connection of a JetStreamStore",
      "a connection to NATS",
      connection,
      "request",
      "publish",
      "subscribe",
    );
    assertOptions("JetStreamStore", options);
    const { prefix = "durable", replicas = 1, poll = 1, patience = 5 } =
      options;
    assertPrefix(prefix);
    assertInteger("The replicas option of JetStreamStore()", replicas, 1);
    assertPositive("The poll option of JetStreamStore()", poll);
    assertPositive("The patience option of JetStreamStore()", patience);
    this.poll = poll;
    this.#connection = connection;
    this.#prefix = prefix;
    this.#replicas = replicas;
    this.#timeout = patience * 1000;
  }

  /** Puts jobs, as {@linkcode Store.put} requires, but one by one. */
  async put(queue: string, jobs: readonly NewJob[]): Promise<string[]> {
    const stream = await this.#streamOf(queue);
    await stream.recognise(
      Math.max(
        0,
        ...jobs.map(({ key, keepKey }) => key === null ? 0 : keepKey),
      ),
    );
    const ids = await Promise.all(jobs.map((job) => stream.put(job)));
    stream.wake();
    return ids;
  }

  /** Leases jobs, as {@linkcode Store.lease} requires. */
  async lease(queue: string, count: number, seconds: number): Promise<Leases> {
    const stream = await this.#streamOf(queue);
    return { leases: await stream.lease(count, seconds), next: null };
  }

  /** Renews leases; that one is lost goes unnoticed. */
  async renew(
    queue: string,
    leases: readonly LeaseToken[],
  ): Promise<boolean[]> {
    const stream = await this.#streamOf(queue);
    await Promise.all(leases.map(({ token }) => stream.answer(token, "+WPI")));
    return leases.map(() => true);
  }

  /** Ends leases; that one is lost goes unnoticed. */
  async settle(
    queue: string,
    settlements: readonly Settlement[],
  ): Promise<boolean[]> {
    const stream = await this.#streamOf(queue);
    await Promise.all(settlements.map((each) => stream.settle(each)));
    stream.wake();
    return settlements.map(() => true);
  }

  /** Counts jobs; delayed ones are among those that are ready or leased. */
  async counts(queue: string): Promise<Counts> {
    return await (await this.#streamOf(queue)).counts();
  }

  /** Returns `null`: JetStream keeps no results. */
  result(): StoredResult | null {
    return null;
  }

  /** Lists dead letters, in the order in which they died. */
  async dead(
    queue: string,
    after: string | null,
    count: number,
  ): Promise<DeadLetter[]> {
    return await (await this.#streamOf(queue)).dead(after, count);
  }

  /** Puts the value of a dead letter as a new job, with a new id. */
  async putBack(queue: string, id: string): Promise<boolean> {
    return await (await this.#streamOf(queue)).putBack(id);
  }

  /** Lists the queues, as {@linkcode Store.queues} requires. */
  async queues(): Promise<QueueState[]> {
    const names: string[] = [];
    for (let total = 1, offset = 0; offset < total;) {
      const answer = await this.#api("STREAM.NAMES", {
        offset,
        subject: `${this.#prefix}.jobs.*`,
      });
      names.push(...answer.streams ?? []);
      total = answer.total ?? 0;
      offset = names.length;
      if ((answer.streams ?? []).length === 0) break;
    }
    const states = names.map(async (stream) => {
      const name = decoded(stream.slice(this.#prefix.length + 1));
      const counts = await this.counts(name);
      return { name, ...counts, oldest: null, rate: null };
    });
    const all = await Promise.all(states);
    return all.toSorted((a, b) => a.name < b.name ? -1 : 1);
  }

  /** Calls a function when a job is put or put back, as {@linkcode Store.watch} requires. */
  watch(queue: string, changed: () => void): Disposable {
    const subscription = this.#connection.subscribe(
      `${this.#prefix}.wake.${encoded(queue)}`,
      { callback: (error) => error === null && changed() },
    );
    return {
      [Symbol.dispose]() {
        try {
          subscription.unsubscribe();
        } catch {
          // The connection is closed.
        }
      },
    };
  }

  /**
   * Returns a description for logs and error messages: `<JetStreamStore prefix=durable>`.
   *
   * @returns The description.
   */
  toString(): string {
    return `<JetStreamStore prefix=${this.#prefix}>`;
  }

  /** Returns the stream of a queue, which is created if there is none. */
  #streamOf(queue: string): Promise<JobStream> {
    const known = this.#streams.get(queue);
    if (known !== undefined) return known;
    const stream = JobStream.open({
      connection: this.#connection,
      prefix: this.#prefix,
      name: encoded(queue),
      replicas: this.#replicas,
      timeout: this.#timeout,
    });
    this.#streams.set(queue, stream);
    stream.catch(() => this.#streams.delete(queue));
    return stream;
  }

  #api(call: string, body: object): Promise<ApiAnswer> {
    return api(this.#connection, this.#timeout, call, body);
  }
}

interface StreamOptions {
  readonly connection: NatsConnection;
  readonly prefix: string;
  /** The name of the queue, encoded. */
  readonly name: string;
  readonly replicas: number;
  readonly timeout: number;
}

/** The stream of one queue, its consumer, and the stream of its dead letters. */
class JobStream {
  readonly #options: StreamOptions;
  readonly #jobs: string;
  readonly #letters: string;
  #config: Readonly<Record<string, unknown>>;
  /** The length of leases, in seconds, once the consumer is there. */
  #wait = 0;

  private constructor(
    options: StreamOptions,
    config: Readonly<Record<string, unknown>>,
  ) {
    const { prefix, name } = options;
    this.#options = options;
    this.#jobs = `${prefix}_${name}`;
    this.#letters = `${prefix}-dead_${name}`;
    this.#config = config;
  }

  static async open(options: StreamOptions): Promise<JobStream> {
    const { connection, timeout, prefix, name, replicas } = options;
    const ensure = async (
      stream: string,
      config: Record<string, unknown>,
    ): Promise<Readonly<Record<string, unknown>>> => {
      const info = await api(connection, timeout, `STREAM.INFO.${stream}`);
      if (info.error === undefined) return info.config!;
      const answer = await api(connection, timeout, `STREAM.CREATE.${stream}`, {
        name: stream,
        storage: "file",
        num_replicas: replicas,
        ...config,
      });
      return answer.config!;
    };
    const config = await ensure(`${prefix}_${name}`, {
      subjects: [`${prefix}.jobs.${name}`],
      retention: "workqueue",
      duplicate_window: MIN_WINDOW * NANOSECONDS,
    });
    await ensure(`${prefix}-dead_${name}`, {
      subjects: [`${prefix}.dead.${name}.*`],
      retention: "limits",
      duplicate_window: MIN_WINDOW * NANOSECONDS,
    });
    return new JobStream(options, config);
  }

  /** Makes sure that messages that are put again are recognised for a time, in seconds. */
  async recognise(seconds: number): Promise<void> {
    const window = this.#config.duplicate_window as number;
    if (seconds * NANOSECONDS <= window) return;
    const { config } = await this.#api(`STREAM.UPDATE.${this.#jobs}`, {
      ...this.#config,
      duplicate_window: Math.ceil(seconds * NANOSECONDS),
    });
    this.#config = config!;
  }

  async put({ id, value, key, delay }: NewJob): Promise<string> {
    const from = delay > 0 ? Date.now() + delay * 1000 : null;
    const payload = { value: JSON.parse(value), key, from } satisfies Payload;
    const messageId = key === null ? `id ${id}` : `key ${key}`;
    const { seq } = await this.#publish(
      this.#subject("jobs"),
      payload,
      messageId,
    );
    return String(seq);
  }

  async lease(count: number, seconds: number): Promise<Lease[]> {
    await this.#consume(seconds);
    const messages = await this.#pull(count);
    const leases: Lease[] = [];
    for (const message of messages) {
      const lease = await this.#leaseOf(message);
      if (lease !== null) leases.push(lease);
    }
    return leases;
  }

  async settle({ id, token, outcome }: Settlement): Promise<void> {
    if (outcome.kind === "dead") await this.#bury(id, token, outcome);
    await this.answer(token, answerTo(outcome));
  }

  /** Answers a message, and waits until the server knows. */
  async answer(token: string, text: string): Promise<void> {
    await request(this.#options.connection, token, encoder.encode(text), {
      timeout: this.#options.timeout,
    });
  }

  async counts(): Promise<Counts> {
    const [jobs, letters, consumer] = await Promise.all([
      this.#api(`STREAM.INFO.${this.#jobs}`),
      this.#api(`STREAM.INFO.${this.#letters}`),
      this.#api(`CONSUMER.INFO.${this.#jobs}.${CONSUMER}`),
    ]);
    const leased = consumer.num_ack_pending ?? 0;
    return {
      ready: Math.max(0, jobs.state!.messages - leased),
      delayed: 0,
      leased,
      dead: letters.state!.messages,
    };
  }

  async dead(after: string | null, count: number): Promise<DeadLetter[]> {
    const letters: DeadLetter[] = [];
    let seq = 1;
    if (after !== null) {
      seq = (await this.#letter(after))?.seq ?? 0;
      seq++;
    }
    const subject = this.#subject("dead", "*");
    while (letters.length < count) {
      const { message } = await this.#api(`STREAM.MSG.GET.${this.#letters}`, {
        seq,
        next_by_subj: subject,
      });
      if (message === undefined) break;
      letters.push(JSON.parse(textIn(message.data)));
      seq = message.seq + 1;
    }
    return letters;
  }

  async putBack(id: string): Promise<boolean> {
    const message = await this.#letter(id);
    if (message === undefined) return false;
    const { value, key } = JSON.parse(textIn(message.data)) as DeadLetter;
    const payload = { value: JSON.parse(value), key, from: null };
    // Its key is in use still.
    await this.#publish(
      this.#subject("jobs"),
      payload satisfies Payload,
      `back ${message.seq}`,
    );
    await this.#api(`STREAM.MSG.DELETE.${this.#letters}`, { seq: message.seq });
    this.wake();
    return true;
  }

  /** Wakes the workers that wait. */
  wake(): void {
    try {
      this.#options.connection.publish(this.#subject("wake"));
    } catch {
      // They look again by themselves.
    }
  }

  /** Creates the consumer, or gives it another length of leases. */
  async #consume(seconds: number): Promise<void> {
    if (this.#wait === seconds) return;
    await this.#api(`CONSUMER.DURABLE.CREATE.${this.#jobs}.${CONSUMER}`, {
      stream_name: this.#jobs,
      config: {
        durable_name: CONSUMER,
        deliver_policy: "all",
        replay_policy: "instant",
        ack_policy: "explicit",
        ack_wait: Math.ceil(seconds * NANOSECONDS),
        max_deliver: -1,
        max_ack_pending: -1,
      },
    });
    this.#wait = seconds;
  }

  /** Takes messages that are there. */
  #pull(count: number): Promise<NatsMessage[]> {
    const { connection, timeout } = this.#options;
    const inbox = `_INBOX.${crypto.randomUUID().replaceAll("-", "")}`;
    const body = encoder.encode(
      JSON.stringify({ batch: count, no_wait: true }),
    );
    return new Promise((resolve, reject) => {
      const messages: NatsMessage[] = [];
      const subscription = subscribe(connection, inbox, (error, message) => {
        if (error !== null) return end(error);
        // A status: there are no more.
        if (message.reply === undefined || message.reply === "") return end();
        messages.push(message);
        if (messages.length === count) end();
      });
      const timer = setTimeout(
        () => end(new Error("The server does not answer")),
        timeout,
      );
      const end = (error?: Error) => {
        clearTimeout(timer);
        try {
          subscription.unsubscribe();
        } catch {
          // The connection is closed.
        }
        if (error === undefined || messages.length > 0) resolve(messages);
        else reject(asDown(error));
      };
      try {
        connection.publish(
          `$JS.API.CONSUMER.MSG.NEXT.${this.#jobs}.${CONSUMER}`,
          body,
          { reply: inbox },
        );
      } catch (error) {
        end(error as Error);
      }
    });
  }

  /** Returns the lease of a message; `null` if the job is not ready, and goes back for a time. */
  async #leaseOf({ reply, data }: NatsMessage): Promise<Lease | null> {
    const token = reply!;
    const { deliveries, seq } = metadataIn(token);
    const { value, key, from } = JSON.parse(decoder.decode(data)) as Payload;
    const delay = from === null ? 0 : (from - Date.now()) / 1000;
    if (delay > 0) {
      await this.answer(token, negative(delay));
      return null;
    }
    // One delivery was that before the delay.
    const attempt = from === null ? deliveries : Math.max(1, deliveries - 1);
    return {
      id: String(seq),
      token,
      value: JSON.stringify(value),
      key,
      attempt,
      errors: [],
    };
  }

  async #bury(
    id: string,
    token: string,
    { error }: JobOutcome & { kind: "dead" },
  ): Promise<void> {
    const { message } = await this.#api(`STREAM.MSG.GET.${this.#jobs}`, {
      seq: Number(id),
    });
    // It is buried already.
    if (message === undefined) return;
    const { value, key } = JSON.parse(textIn(message.data)) as Payload;
    const letter: DeadLetter = {
      id,
      value: JSON.stringify(value),
      key,
      attempts: metadataIn(token).deliveries,
      errors: [error],
    };
    await this.#publish(this.#subject("dead", id), letter, `dead ${id}`);
  }

  /** Returns the message of a dead letter. */
  async #letter(id: string): Promise<ApiAnswer["message"]> {
    if (!/^\d+$/.test(id)) return undefined;
    const answer = await this.#api(`STREAM.MSG.GET.${this.#letters}`, {
      last_by_subj: this.#subject("dead", id),
    });
    return answer.message;
  }

  async #publish(
    subject: string,
    payload: object,
    messageId: string,
  ): Promise<{ seq: number }> {
    const answer = await request(
      this.#options.connection,
      subject,
      encoder.encode(JSON.stringify(payload)),
      {
        timeout: this.#options.timeout,
        headers: new Headers({ "Nats-Msg-Id": messageId }),
      },
    );
    const { seq } = checked(JSON.parse(decoder.decode(answer.data)));
    return { seq: seq! };
  }

  #subject(...[kind, ...rest]: string[]): string {
    const { prefix, name } = this.#options;
    return [prefix, kind, name, ...rest].join(".");
  }

  #api(call: string, body?: object): Promise<ApiAnswer> {
    return api(this.#options.connection, this.#options.timeout, call, body);
  }
}

/** The headers of a message, with the one method by which the drivers send them. */
class Headers {
  readonly #lines: string[];

  constructor(headers: Readonly<Record<string, string>>) {
    // A line break would begin another header.
    this.#lines = Object.entries(headers)
      .map(([name, value]) => `${name}: ${encodeURIComponent(value)}`);
  }

  encode(): Uint8Array {
    return encoder.encode(
      ["NATS/1.0", ...this.#lines, "", ""].join("\r\n"),
    );
  }
}

/** Calls JetStream's API. That something is not found is an answer too. */
async function api(
  connection: NatsConnection,
  timeout: number,
  call: string,
  body?: object,
): Promise<ApiAnswer> {
  const payload = body === undefined ? "" : JSON.stringify(body);
  const { data } = await request(
    connection,
    `$JS.API.${call}`,
    encoder.encode(payload),
    { timeout },
  );
  const answer: ApiAnswer = JSON.parse(decoder.decode(data));
  return answer.error?.code === NOT_FOUND ? answer : checked(answer);
}

function checked(answer: ApiAnswer): ApiAnswer {
  const { error } = answer;
  if (error === undefined) return answer;
  const failure = new Error(`JetStream refuses: ${error.description}`);
  throw error.code >= 500 ? asDown(failure) : failure;
}

async function request(
  connection: NatsConnection,
  subject: string,
  payload: Uint8Array,
  options: { timeout: number; headers?: unknown },
): Promise<NatsMessage> {
  try {
    return await connection.request(subject, payload, options);
  } catch (error) {
    throw asDown(error);
  }
}

function subscribe(
  connection: NatsConnection,
  subject: string,
  callback: (error: Error | null, message: NatsMessage) => void,
): { unsubscribe(): void } {
  try {
    return connection.subscribe(subject, { callback });
  } catch (error) {
    throw asDown(error);
  }
}

/** Errors of the program, which do not show that the server is down. */
const MISTAKES = [TypeError, ReferenceError, SyntaxError, RangeError];

/** Returns a `StoreDown` for an error of the connection. */
function asDown(error: unknown): unknown {
  const isMistake = MISTAKES.some((type) => isInstance(error, type)) ||
    /payload/i.test(`${textAt(error, "code")} ${textAt(error, "message")}`);
  if (isMistake || isInstance(error, StoreDown)) return error;
  return new StoreDown(`NATS does not answer: ${textOf(error)}`, {
    cause: error,
  });
}

/** How a message is answered so that its job ends in a way. */
function answerTo(outcome: JobOutcome): string {
  switch (outcome.kind) {
    case "done":
      return "+ACK";
    case "dead":
      return "+TERM";
    case "retry":
      return negative(outcome.delay);
    case "release":
      return negative(0);
  }
}

function negative(seconds: number): string {
  if (seconds <= 0) return "-NAK";
  return `-NAK ${JSON.stringify({ delay: Math.ceil(seconds * NANOSECONDS) })}`;
}

/** Returns what the reply of a message says: `$JS.ACK[.DOMAIN.ACCOUNT].STREAM.CONSUMER.DELIVERIES.SEQUENCE.…`. */
function metadataIn(reply: string): { deliveries: number; seq: number } {
  const parts = reply.split(".");
  const first = parts.length > 9 ? 4 : 2;
  return {
    deliveries: Number(parts[first + 2]),
    seq: Number(parts[first + 3]),
  };
}

/** Returns the text of a payload in Base64. */
function textIn(data = ""): string {
  return decoder.decode(
    Uint8Array.from(atob(data), (char) => char.charCodeAt(0)),
  );
}

/** Returns a name as a part of a subject, and of the name of a stream. */
function encoded(name: string): string {
  return Array.from(encoder.encode(name), (byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9-]/.test(char)
      ? char
      : `_${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}

function decoded(name: string): string {
  return decodeURIComponent(name.replaceAll("_", "%"));
}

function assertPrefix(prefix: unknown): void {
  if (typeof prefix !== "string") {
    throw wrongType(
      "The prefix option of JetStreamStore()",
      "a string",
      prefix,
    );
  }
  if (/^[A-Za-z0-9]{1,50}$/.test(prefix)) return;
  throw outOfRange(
    "The prefix option of JetStreamStore()",
    "a name of letters and digits",
    prefix,
  );
}
