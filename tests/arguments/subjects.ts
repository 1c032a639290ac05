// Copyright 2026 the asyncio for Deno authors. MIT license.

import * as asyncio from "../../mod.ts";
import * as testing from "../../testing/mod.ts";
import { DURABLE_CLASSES, DURABLE_FUNCTIONS } from "./durable_subjects.ts";
import { FakeConn } from "../doubles/conn.ts";
import { FakeDatagramConn } from "../doubles/datagram_conn.ts";
import {
  ANY_COUNT,
  ANYTHING,
  ARRAY,
  AT_LEAST_0,
  AWAITABLE,
  BOOLEAN,
  BYTES,
  COUNT,
  DATA,
  FILLABLE,
  FUNCTION,
  FUTURE,
  given,
  HOST,
  INTEGER,
  ITERABLE,
  LOCK,
  LOOP,
  nullable,
  NUMBER,
  OBJECT,
  optional,
  options,
  type Parameter,
  PORT,
  POSITIVE,
  READER,
  SECONDS,
  SIGNAL,
  STRING,
} from "./parameters.ts";

/** The parameters of a function, or those of a method by its name. */
export type Parameters = readonly Parameter[];

/** A class: how an instance is made, and what its constructor and its methods take. */
export interface Subject {
  /** Creates an instance to call methods on; missing for classes that only the library constructs. */
  readonly make?: () => object | Promise<object>;
  /** Ends what an instance holds. */
  readonly dispose?: (instance: never) => unknown;
  /** The parameters of the constructor; `null` if it cannot be called. */
  readonly construct: Parameters | null;
  /** The parameters of methods that have some. */
  readonly methods: Readonly<Record<string, Parameters>>;
}

const FACTORY = given(FUNCTION, () => () => new asyncio.Protocol());
const DATAGRAM_FACTORY = given(
  FUNCTION,
  () => () => new asyncio.DatagramProtocol(),
);
const PROCESS_FACTORY = given(
  FUNCTION,
  () => () => new asyncio.SubprocessProtocol(),
);
const CORO = given(FUNCTION, () => async () => {});
const LIMIT = optional(given(POSITIVE, () => 64));
const TLS = optional(nullable(ANYTHING));
const FAMILY = optional(COUNT);
const SOCK = optional(OBJECT);
const PATH = nullable(given(
  { ...STRING, takes: (v) => typeof v === "string" || v instanceof URL },
  () => "/nowhere/socket",
));
const CONN = given(OBJECT, () => new FakeConn());
const DATAGRAMS = given(OBJECT, () => new FakeDatagramConn());
const ADDRESS = given(OBJECT, () => ({ hostname: "127.0.0.1", port: 9 }));
/** One that is not open: those that are belong to the test runner. */
const DESCRIPTOR = given(COUNT, () => 9999);
const FILE = given(OBJECT, () => undefined);
const LISTENER = given(
  OBJECT,
  () => ({ accept: () => Promise.reject(new Deno.errors.Busy()), close() {} }),
);

const TASK_OPTIONS = options({
  name: ANYTHING,
  context: optional(
    given(OBJECT, () => undefined),
  ),
  eagerStart: optional(BOOLEAN),
  signal: optional(SIGNAL),
});

const GROUP_TASK_OPTIONS = options({
  ...TASK_OPTIONS.options,
  background: optional(BOOLEAN),
});

const CANCEL_SCOPE_OPTIONS = options({
  deadline: optional(nullable(NUMBER)),
  shield: optional(BOOLEAN),
  persistent: optional(BOOLEAN),
  signal: optional(SIGNAL),
});

const TIMEOUT_OPTIONS = options({ abandon: optional(BOOLEAN) });

const TLS_OPTIONS = options({
  cert: optional(STRING),
  key: optional(STRING),
  caCerts: optional(ARRAY),
  alpnProtocols: optional(ARRAY),
  serverName: optional(given(STRING, () => undefined)),
  certificates: optional(OBJECT),
  requestCert: ANYTHING,
  handshakeTimeout: optional(SECONDS),
  shutdownTimeout: optional(SECONDS),
});

const CONNECTION_OPTIONS = {
  family: FAMILY,
  happyEyeballsDelay: optional(nullable(SECONDS)),
  interleave: optional(nullable(COUNT)),
  localAddr: optional(nullable(OBJECT)),
  allErrors: optional(BOOLEAN),
  sock: SOCK,
  tls: TLS,
};

const SERVER_OPTIONS = {
  family: FAMILY,
  backlog: optional(COUNT),
  reuseAddress: optional(BOOLEAN),
  reusePort: optional(BOOLEAN),
  keepAlive: optional(BOOLEAN),
  startServing: optional(BOOLEAN),
  sock: SOCK,
  tls: TLS,
};

const SERVER_HOST = given(
  optional(nullable({ ...HOST, takes: (v) => isHost(v) })),
  () => "127.0.0.1",
);

const UNIX_CONNECTION_OPTIONS = { sock: SOCK, tls: TLS };

const UNIX_SERVER_OPTIONS = {
  backlog: optional(COUNT),
  startServing: optional(BOOLEAN),
  cleanupSocket: optional(BOOLEAN),
  sock: SOCK,
  tls: TLS,
};

const STDIO = optional(nullable({
  ...OBJECT,
  // An object with the methods of a file is one.
  takes: (value) => value === "inherit" || OBJECT.takes(value),
}));

const SUBPROCESS_OPTIONS = {
  stdin: STDIO,
  stdout: STDIO,
  stderr: STDIO,
  cwd: optional(nullable(PATH)),
  env: optional(nullable(given(OBJECT, () => undefined))),
  clearEnv: optional(BOOLEAN),
  uid: optional(COUNT),
  gid: optional(COUNT),
  detached: optional(BOOLEAN),
};

/** Objects may have what is needed. */
const ITEMS = given(
  { ...ITERABLE, takes: (v) => typeof v === "function" || ITERABLE.takes(v) },
  () => [],
);
const CALL_LIMIT = given(
  {
    ...ITERABLE,
    takes: (v) => Array.isArray(v) || ANY_COUNT.takes(v) && v !== 0,
  },
  () => 1,
);

const RETRY_DELAY = {
  ...SECONDS,
  takes: (v: unknown) => typeof v === "function" || SECONDS.takes(v),
};

const PROGRAM = given(
  { ...STRING, takes: (v) => typeof v === "string" || v instanceof URL },
  () => "true",
);

/** The parameters of functions. Functions that are missing here have none. */
export const FUNCTIONS: Readonly<Record<string, Parameters>> = {
  ...DURABLE_FUNCTIONS,
  after: [SECONDS],
  allTasks: [optional(LOOP)],
  asCompleted: [ITERABLE, options({ timeout: optional(nullable(SECONDS)) })],
  backoff: [
    options({
      first: optional(AT_LEAST_0),
      factor: optional({ ...AT_LEAST_0, takes: (v) => v as number >= 1 }),
      max: optional(AT_LEAST_0),
      jitter: optional(given(STRING, () => "none")),
      random: optional(FUNCTION),
    }),
  ],
  cancelEverywhere: [
    given(FUNCTION, () => () => ({ body: async () => {} })),
    options({
      awaits: optional(ANY_COUNT),
      maxSteps: optional(ANY_COUNT),
      network: optional(FUNCTION),
    }),
  ],
  cancelScope: [CORO, CANCEL_SCOPE_OPTIONS],
  captureCallGraph: [
    optional(nullable(FUTURE)),
    options({ depth: optional(INTEGER), limit: optional(nullable(INTEGER)) }),
  ],
  createEagerTaskFactory: [given(FUNCTION, () => asyncio.Task)],
  createSubprocessExec: [
    PROGRAM,
    optional(ARRAY),
    options({ ...SUBPROCESS_OPTIONS, limit: LIMIT }),
  ],
  createSubprocessShell: [
    given(STRING, () => "true"),
    options({ ...SUBPROCESS_OPTIONS, limit: LIMIT }),
  ],
  createTask: [CORO, TASK_OPTIONS],
  currentTask: [optional(LOOP)],
  eagerTaskFactory: [
    optional(given(LOOP, () => asyncio.getEventLoop())),
    CORO,
    TASK_OPTIONS,
  ],
  ensureFuture: [AWAITABLE, options({ loop: optional(LOOP) })],
  events: [
    given(OBJECT, () => new EventTarget()),
    STRING,
    options({
      maxSize: optional(ANY_COUNT),
      slow: optional(given(STRING, () => "drop")),
      signal: optional(SIGNAL),
    }),
  ],
  explore: [
    CORO,
    options({
      strategy: optional(given(STRING, () => "random")),
      schedules: optional(given(POSITIVE, () => 2)),
      seconds: given(optional(POSITIVE), () => 0.01),
      seed: optional(INTEGER),
      deviations: optional(ANY_COUNT),
      cancellations: optional(ANY_COUNT),
      timeouts: optional(BOOLEAN),
      maxSteps: optional(POSITIVE),
      network: optional(FUNCTION),
      replay: optional(STRING),
    }),
  ],
  firstSuccess: [given(ARRAY, () => [async () => {}])],
  forEachConcurrent: [
    ITEMS,
    FUNCTION,
    given(options({ limit: CALL_LIMIT }), () => ({ limit: 1 })),
  ],
  formatCallGraph: [
    optional(nullable(FUTURE)),
    options({ depth: optional(INTEGER), limit: optional(nullable(INTEGER)) }),
  ],
  futureAddToAwaitedBy: [ANYTHING, ANYTHING],
  futureDiscardFromAwaitedBy: [ANYTHING, ANYTHING],
  gather: [ARRAY, options({ returnExceptions: optional(BOOLEAN) })],
  inVirtualTime: [
    CORO,
    options({
      debug: optional(BOOLEAN),
      start: optional(NUMBER),
      io: optional(given(STRING, () => undefined)),
      network: optional(nullable(OBJECT)),
      patience: optional(AT_LEAST_0),
    }),
  ],
  inspect: [options({ allowCancel: optional(BOOLEAN) })],
  instrument: [
    options({ tracer: given(OBJECT, () => ({ startActiveSpan() {} })) }),
  ],
  isCoroutineFunction: [ANYTHING],
  isFuture: [ANYTHING],
  merge: [given(OBJECT, () => new asyncio.Queue())],
  mapConcurrent: [
    ITEMS,
    FUNCTION,
    given(
      options({
        limit: CALL_LIMIT,
        ordered: optional(BOOLEAN),
        buffer: optional(ANY_COUNT),
      }),
      () => ({ limit: 1 }),
    ),
  ],
  moveOnAfter: [nullable(SECONDS), CORO, optional(FUNCTION)],
  once: [
    given(OBJECT, () => new EventTarget()),
    STRING,
    options({ signal: optional(SIGNAL) }),
  ],
  openConnection: [
    nullable(HOST),
    nullable(PORT),
    options({ ...CONNECTION_OPTIONS, limit: LIMIT }),
  ],
  openUnixConnection: [
    PATH,
    options({ ...UNIX_CONNECTION_OPTIONS, limit: LIMIT }),
  ],
  printCallGraph: [
    optional(nullable(FUTURE)),
    options({
      depth: optional(INTEGER),
      limit: optional(nullable(INTEGER)),
      write: given(optional(FUNCTION), () => () => {}),
    }),
  ],
  putting: [given(OBJECT, () => new asyncio.Queue()), ANYTHING],
  race: [given(ARRAY, () => [async () => {}])],
  rethrowCancelled: [ANYTHING],
  retry: [
    CORO,
    options({
      attempts: optional(ANY_COUNT),
      delay: optional(RETRY_DELAY),
      when: optional(FUNCTION),
      within: optional(nullable(SECONDS)),
      onRetry: optional(FUNCTION),
    }),
  ],
  run: [
    CORO,
    options({
      debug: optional(BOOLEAN),
      loopFactory: optional(nullable(FUNCTION)),
      signals: optional(given(ARRAY, () => undefined)),
      grace: optional(nullable(AT_LEAST_0)),
      signal: optional(SIGNAL),
    }),
  ],
  runCoroutineThreadsafe: [CORO, given(OBJECT, () => asyncio.getEventLoop())],
  select: [given(OBJECT, () => ({ late: asyncio.after(0) }))],
  setEventLoop: [nullable(LOOP)],
  setEventLoopPolicy: [
    nullable(given(OBJECT, () => new asyncio.DefaultEventLoopPolicy())),
  ],
  setWarningHandler: [nullable(FUNCTION)],
  shield: [AWAITABLE],
  shielded: [CORO, options({ within: optional(nullable(SECONDS)) })],
  sleep: [SECONDS, ANYTHING],
  startServer: [
    FUNCTION,
    SERVER_HOST,
    given(optional(nullable(PORT)), () => 0),
    options({ ...SERVER_OPTIONS, limit: LIMIT }),
  ],
  startUnixServer: [
    FUNCTION,
    PATH,
    options({ ...UNIX_SERVER_OPTIONS, limit: LIMIT }),
  ],
  supervise: [
    CORO,
    options({
      restart: optional(given(STRING, () => "on-failure")),
      delay: optional(RETRY_DELAY),
      limit: optional(
        given({ ...OBJECT, takes: () => false }, () => undefined),
      ),
      onRestart: optional(FUNCTION),
    }),
  ],
  taskGroup: [CORO, options({ signal: optional(SIGNAL) })],
  timeout: [nullable(SECONDS), CORO, TIMEOUT_OPTIONS],
  timeoutAt: [nullable(NUMBER), CORO, TIMEOUT_OPTIONS],
  toThread: [
    given(FUNCTION, () => () => 1),
    optional(ARRAY),
    options({
      executor: optional(given(OBJECT, () => undefined)),
      transfer: optional(ARRAY),
      transferResults: optional(BOOLEAN),
      terminateOnCancel: optional(BOOLEAN),
    }),
  ],
  wait: [
    given(ITERABLE, () => [new asyncio.Future()]),
    options({
      timeout: optional(nullable(SECONDS)),
      returnWhen: optional(given(STRING, () => asyncio.ALL_COMPLETED)),
    }),
  ],
  waitFor: [
    AWAITABLE,
    nullable(SECONDS),
    options({ signal: optional(SIGNAL) }),
  ],
  wrapFuture: [
    given(OBJECT, () => Promise.resolve(1)),
    options({ loop: optional(LOOP) }),
  ],
};

function isHost(value: unknown): boolean {
  return typeof value === "string" || Array.isArray(value);
}

/** The parameters of the constructors of errors. */
const ERRORS: Parameters = [ANYTHING, ANYTHING];

const FUTURE_METHODS: Record<string, Parameters> = {
  setResult: [ANYTHING],
  setException: [ANYTHING],
  cancel: [ANYTHING],
  addDoneCallback: [FUNCTION],
  removeDoneCallback: [ANYTHING],
  catch: [ANYTHING],
  finally: [ANYTHING],
};

const LOOP_METHODS: Record<string, Parameters> = {
  runUntilComplete: [AWAITABLE],
  callSoon: [FUNCTION],
  callLater: [SECONDS, FUNCTION],
  callAt: [NUMBER, FUNCTION],
  createTask: [CORO, TASK_OPTIONS],
  setTaskFactory: [nullable(FUNCTION)],
  setExceptionHandler: [nullable(FUNCTION)],
  defaultExceptionHandler: [
    options({ message: ANYTHING, exception: ANYTHING, task: ANYTHING }),
  ],
  callExceptionHandler: [
    options({ message: ANYTHING, exception: ANYTHING, task: ANYTHING }),
  ],
  setDebug: [BOOLEAN],
  createConnection: [
    FACTORY,
    nullable(HOST),
    nullable(PORT),
    options(CONNECTION_OPTIONS),
  ],
  createServer: [
    FACTORY,
    SERVER_HOST,
    given(optional(nullable(PORT)), () => 0),
    options(SERVER_OPTIONS),
  ],
  getAddrInfo: [
    nullable(HOST),
    nullable(PORT),
    options({
      family: FAMILY,
      transport: optional(given(STRING, () => "tcp")),
      passive: optional(BOOLEAN),
    }),
  ],
  getNameInfo: [ADDRESS, optional(COUNT)],
  createUnixConnection: [FACTORY, PATH, options(UNIX_CONNECTION_OPTIONS)],
  createUnixServer: [FACTORY, PATH, options(UNIX_SERVER_OPTIONS)],
  connectAcceptedSocket: [FACTORY, CONN, options({ tls: TLS })],
  startTls: [
    given(OBJECT, () => undefined),
    given(OBJECT, () => new asyncio.Protocol()),
    TLS_OPTIONS,
    options({ serverSide: optional(BOOLEAN) }),
  ],
  createDatagramEndpoint: [
    DATAGRAM_FACTORY,
    options({
      localAddr: optional(given(OBJECT, () => undefined)),
      remoteAddr: given(ADDRESS, () => ({ hostname: "127.0.0.1", port: 9 })),
      family: optional(COUNT),
      reusePort: optional(BOOLEAN),
      allowBroadcast: optional(BOOLEAN),
      sock: SOCK,
    }),
  ],
  connectReadPipe: [FACTORY, given(OBJECT, () => new ReadableStream())],
  connectWritePipe: [FACTORY, given(OBJECT, () => new WritableStream())],
  sendFile: [
    given(OBJECT, () => undefined),
    FILE,
    options({
      offset: optional(COUNT),
      count: optional(nullable(COUNT)),
      fallback: optional(BOOLEAN),
    }),
  ],
  sockRecv: [CONN, COUNT],
  sockRecvInto: [CONN, BYTES],
  sockRecvFrom: [DATAGRAMS, COUNT],
  sockRecvFromInto: [DATAGRAMS, BYTES, optional(COUNT)],
  sockSendAll: [CONN, DATA],
  sockSendTo: [DATAGRAMS, DATA, ADDRESS],
  sockConnect: [DATAGRAMS, ADDRESS],
  sockAccept: [LISTENER],
  sockSendFile: [
    CONN,
    FILE,
    options({
      offset: optional(COUNT),
      count: optional(nullable(COUNT)),
      fallback: optional(BOOLEAN),
    }),
  ],
  addReader: [DESCRIPTOR, FUNCTION],
  removeReader: [DESCRIPTOR],
  addWriter: [DESCRIPTOR, FUNCTION],
  removeWriter: [DESCRIPTOR],
  addSignalHandler: [given(STRING, () => "SIGUSR2"), FUNCTION],
  removeSignalHandler: [given(STRING, () => "SIGUSR2")],
  subprocessExec: [
    PROCESS_FACTORY,
    PROGRAM,
    optional(ARRAY),
    options(SUBPROCESS_OPTIONS),
  ],
  subprocessShell: [
    PROCESS_FACTORY,
    given(STRING, () => "true"),
    options(SUBPROCESS_OPTIONS),
  ],
  callSoonThreadsafe: [FUNCTION],
  runInExecutor: [
    nullable(given(OBJECT, () => null)),
    given(FUNCTION, () => () => 1),
  ],
  setDefaultExecutor: [given(OBJECT, () => undefined)],
  shutdownDefaultExecutor: [optional(nullable(SECONDS))],
};

const QUEUE_METHODS: Record<string, Parameters> = {
  put: [ANYTHING],
  putNowait: [ANYTHING],
  shutdown: [optional(BOOLEAN)],
};

const MAX_SIZE = optional(given(NUMBER, () => 3));

const WRITE_METHODS: Record<string, Parameters> = {
  write: [DATA],
  send: [BYTES],
  writeLines: [given(ITERABLE, () => ["text"])],
  setWriteBufferLimits: [
    optional(nullable(AT_LEAST_0)),
    optional(nullable(AT_LEAST_0)),
  ],
  getExtraInfo: [ANYTHING, ANYTHING],
  setProtocol: [given(OBJECT, () => new asyncio.Protocol())],
};

const PROTOCOL_METHODS: Record<string, Parameters> = {
  connectionMade: [ANYTHING],
  connectionLost: [ANYTHING],
  dataReceived: [ANYTHING],
  getBuffer: [ANYTHING],
  bufferUpdated: [ANYTHING],
  datagramReceived: [ANYTHING, ANYTHING],
  errorReceived: [ANYTHING],
  pipeDataReceived: [ANYTHING, ANYTHING],
  pipeConnectionLost: [ANYTHING, ANYTHING],
};

/** The two ends of a connection in memory. */
async function streams(): Promise<
  [asyncio.StreamReader, asyncio.StreamWriter]
> {
  const server = await asyncio.startServer(() => {}, "server", 1);
  const pair = await asyncio.openConnection("server", 1);
  server.close();
  return pair;
}

async function datagramTransport(): Promise<asyncio.DatagramTransport> {
  const [transport] = await asyncio.getRunningLoop().createDatagramEndpoint(
    () => new asyncio.DatagramProtocol(),
    { localAddr: { hostname: "127.0.0.1", port: 0 } },
  );
  return transport;
}

async function server(): Promise<asyncio.Server> {
  return await asyncio.startServer(() => {}, "server", 1);
}

/** The classes, by name. */
export const CLASSES: Readonly<Record<string, Subject>> = {
  ...DURABLE_CLASSES,
  AbstractEventLoopPolicy: { construct: [], methods: {} },
  DefaultEventLoopPolicy: {
    make: () => new asyncio.DefaultEventLoopPolicy(),
    construct: [],
    methods: { setEventLoop: [nullable(LOOP)] },
  },
  Barrier: {
    make: () => new asyncio.Barrier(2),
    construct: [given(COUNT, () => 2)],
    methods: {},
  },
  EventLoop: {
    make: () => asyncio.getRunningLoop(),
    construct: [],
    methods: LOOP_METHODS,
  },
  VirtualTimeLoop: {
    make: () => new testing.VirtualTimeLoop(),
    construct: [options({
      start: optional(NUMBER),
      io: optional(given(STRING, () => undefined)),
      network: optional(nullable(given(OBJECT, () => undefined))),
      patience: optional(AT_LEAST_0),
    })],
    methods: { advance: [AT_LEAST_0], runUntilComplete: [AWAITABLE] },
  },
  BaseProtocol: {
    make: () => new asyncio.BaseProtocol(),
    construct: [],
    methods: PROTOCOL_METHODS,
  },
  Protocol: {
    make: () => new asyncio.Protocol(),
    construct: [],
    methods: PROTOCOL_METHODS,
  },
  BufferedProtocol: {
    make: () => new asyncio.BufferedProtocol(),
    construct: [],
    methods: PROTOCOL_METHODS,
  },
  DatagramProtocol: {
    make: () => new asyncio.DatagramProtocol(),
    construct: [],
    methods: PROTOCOL_METHODS,
  },
  SubprocessProtocol: {
    make: () => new asyncio.SubprocessProtocol(),
    construct: [],
    methods: PROTOCOL_METHODS,
  },
  ...Object.fromEntries(
    ["BaseTransport", "ReadTransport"].map((name) => [name, {
      make: () => new asyncio.BaseTransport(),
      construct: [optional(OBJECT)],
      methods: { getExtraInfo: [ANYTHING, ANYTHING] },
    }]),
  ),
  WriteTransport: { construct: [optional(OBJECT)], methods: {} },
  Transport: {
    make: async () => (await streams())[1].transport,
    dispose: (transport: asyncio.Transport) => transport.abort(),
    construct: [optional(OBJECT)],
    methods: WRITE_METHODS,
  },
  DatagramTransport: {
    make: datagramTransport,
    dispose: (transport: asyncio.DatagramTransport) => transport.abort(),
    construct: [optional(OBJECT)],
    methods: {
      sendTo: [DATA, optional(nullable(OBJECT))],
      setWriteBufferLimits: WRITE_METHODS.setWriteBufferLimits!,
      getExtraInfo: WRITE_METHODS.getExtraInfo!,
      setProtocol: [given(OBJECT, () => new asyncio.DatagramProtocol())],
    },
  },
  SubprocessTransport: {
    construct: [optional(OBJECT)],
    methods: {},
  },
  CancelScope: {
    make: () => new asyncio.CancelScope(),
    construct: [CANCEL_SCOPE_OPTIONS],
    methods: { run: [CORO], cancel: [ANYTHING] },
  },
  Context: {
    make: () => asyncio.copyContext(),
    construct: [],
    methods: {
      run: [FUNCTION],
      get: [given(OBJECT, () => new asyncio.ContextVar("x"))],
      has: [given(OBJECT, () => new asyncio.ContextVar("x"))],
    },
  },
  ContextVar: {
    make: () => new asyncio.ContextVar("x"),
    construct: [STRING, ANYTHING],
    methods: { get: [ANYTHING], set: [ANYTHING], reset: [OBJECT] },
  },
  ...Object.fromEntries(
    [
      "BrokenBarrierError",
      "BrokenExecutor",
      "CancelledError",
      "InvalidStateError",
      "KeyboardInterrupt",
      "QueueEmpty",
      "QueueFull",
      "QueueShutDown",
      "RuntimeError",
      "SendfileNotAvailableError",
      "TimeoutError",
    ].map((name) => [name, { construct: ERRORS, methods: {} }]),
  ),
  IncompleteReadError: { construct: [BYTES, nullable(COUNT)], methods: {} },
  LimitOverrunError: { construct: [ANYTHING, COUNT], methods: {} },
  HangError: { construct: [ANYTHING], methods: {} },
  ExplorationError: {
    construct: [
      ANYTHING,
      options({ schedule: ANYTHING, deviations: ANYTHING, cause: ANYTHING }),
    ],
    methods: {},
  },
  ExceptionGroup: {
    make: () => new asyncio.ExceptionGroup("", [new Error()]),
    construct: [
      STRING,
      given(ARRAY, () => [new Error()]),
      ANYTHING,
    ],
    methods: {
      subgroup: [
        {
          ...FUNCTION,
          takes: (v) => typeof v === "function" || Array.isArray(v),
        },
      ],
      split: [
        {
          ...FUNCTION,
          takes: (v) => typeof v === "function" || Array.isArray(v),
        },
      ],
      derive: [given(ARRAY, () => [new Error()])],
    },
  },
  Condition: {
    make: async () => {
      const condition = new asyncio.Condition();
      await condition.acquire();
      return condition;
    },
    construct: [optional(LOCK)],
    methods: { waitFor: [FUNCTION], notify: [optional(NUMBER)] },
  },
  Event: { make: () => new asyncio.Event(), construct: [], methods: {} },
  Lock: { make: () => new asyncio.Lock(), construct: [], methods: {} },
  Semaphore: {
    make: () => new asyncio.Semaphore(),
    construct: [optional(COUNT)],
    methods: {},
  },
  BoundedSemaphore: {
    make: () => new asyncio.BoundedSemaphore(),
    construct: [optional(COUNT)],
    methods: {},
  },
  Broadcast: {
    make: () => new asyncio.Broadcast(),
    construct: [options({
      maxSize: optional(ANY_COUNT),
      slow: optional(given(STRING, () => "drop")),
    })],
    methods: { publish: [ANYTHING], publishNowait: [ANYTHING] },
  },
  Subscription: {
    make: () => new asyncio.Broadcast().subscribe(),
    construct: null,
    methods: {},
  },
  Watched: {
    make: () => new asyncio.Watched(1),
    construct: [ANYTHING],
    methods: { set: [ANYTHING] },
  },
  KeyedLock: {
    make: () => new asyncio.KeyedLock(),
    construct: [],
    methods: { acquire: [ANYTHING], locked: [ANYTHING] },
  },
  RateLimiter: {
    make: () => new asyncio.RateLimiter(1),
    construct: [
      POSITIVE,
      options({
        per: optional(POSITIVE),
        burst: optional({
          ...POSITIVE,
          takes: (v) => typeof v === "number" && v >= 1,
        }),
      }),
    ],
    methods: {},
  },
  ReadWriteLock: {
    make: () => new asyncio.ReadWriteLock(),
    construct: [],
    methods: {},
  },
  Executor: { construct: null, methods: {} },
  WorkerExecutor: {
    make: () => new asyncio.WorkerExecutor(),
    dispose: (executor: asyncio.WorkerExecutor) => executor.shutdown(),
    construct: [
      // Without a module, the options are the first argument.
      given(ANYTHING, () => "file:///jobs.ts"),
      options({
        maxWorkers: optional(INTEGER),
        name: optional(STRING),
        terminateOnCancel: optional(BOOLEAN),
        transferResults: optional(BOOLEAN),
        errors: optional(ARRAY),
      }),
    ],
    methods: {
      submit: [given(FUNCTION, () => () => 1)],
      run: [
        given(FUNCTION, () => () => 1),
        ARRAY,
        options({
          transfer: optional(ARRAY),
          transferResults: optional(BOOLEAN),
          terminateOnCancel: optional(BOOLEAN),
        }),
      ],
      shutdown: [
        options({ wait: optional(BOOLEAN), cancelFutures: optional(BOOLEAN) }),
      ],
    },
  },
  Future: {
    make: () => new asyncio.Future(),
    construct: [options({ loop: optional(LOOP) })],
    methods: FUTURE_METHODS,
  },
  Task: {
    make: () => new asyncio.Task(async () => await asyncio.sleep(1)),
    dispose: (task: asyncio.Task) => task.cancel(),
    construct: [
      CORO,
      {
        ...TASK_OPTIONS,
        options: { ...TASK_OPTIONS.options, loop: optional(LOOP) },
      },
    ],
    methods: {
      ...FUTURE_METHODS,
      setName: [ANYTHING],
      getStack: [options({ limit: optional(nullable(INTEGER)) })],
      printStack: [options({
        limit: optional(nullable(INTEGER)),
        write: given(optional(FUNCTION), () => () => {}),
      })],
    },
  },
  Handle: {
    make: () => asyncio.getRunningLoop().callSoon(() => {}),
    construct: null,
    methods: {},
  },
  TimerHandle: {
    make: () => asyncio.getRunningLoop().callLater(0, () => {}),
    construct: null,
    methods: {},
  },
  Queue: {
    make: () => new asyncio.Queue(),
    construct: [MAX_SIZE],
    methods: QUEUE_METHODS,
  },
  LifoQueue: {
    make: () => new asyncio.LifoQueue(),
    construct: [MAX_SIZE],
    methods: QUEUE_METHODS,
  },
  PriorityQueue: {
    make: () => {
      const queue = new asyncio.PriorityQueue<unknown>();
      queue.putNowait(1);
      return queue;
    },
    construct: [MAX_SIZE, options({ compare: optional(FUNCTION) })],
    methods: QUEUE_METHODS,
  },
  Process: { construct: null, methods: {} },
  Runner: {
    make: () => new asyncio.Runner(),
    dispose: (runner: asyncio.Runner) => runner.close(),
    construct: [
      options({
        debug: optional(BOOLEAN),
        loopFactory: optional(nullable(FUNCTION)),
        signals: optional(given(ARRAY, () => undefined)),
        grace: optional(nullable(AT_LEAST_0)),
      }),
    ],
    methods: {
      run: [
        CORO,
        options({
          context: optional(nullable(given(OBJECT, () => undefined))),
          signal: optional(SIGNAL),
        }),
      ],
    },
  },
  Inspector: { construct: null, methods: {} },
  Server: {
    make: server,
    dispose: (server: asyncio.Server) => server.close(),
    construct: null,
    methods: { drain: [nullable(SECONDS)] },
  },
  StreamReader: {
    make: () => new asyncio.StreamReader(),
    construct: [options({ limit: LIMIT, loop: optional(LOOP) })],
    methods: {
      read: [optional(INTEGER)],
      readExactly: [COUNT],
      readInto: [FILLABLE],
      chunks: [options({
        memory: optional({
          ...FILLABLE,
          takes: (v) =>
            FILLABLE.takes(v) ||
            COUNT.takes(v) && v as number > 0 && v as number <= 2 ** 30,
        }),
      })],
      readUntil: [optional(given({
        ...DATA,
        takes: (v) => DATA.takes(v) || Array.isArray(v),
      }, () => undefined))],
      feedData: [BYTES],
      setException: [ANYTHING],
      setTransport: [given(OBJECT, () => new asyncio.ReadTransport())],
    },
  },
  StreamReaderProtocol: {
    make: () => new asyncio.StreamReaderProtocol(new asyncio.StreamReader()),
    construct: [
      nullable(READER),
      optional(nullable(FUNCTION)),
      options({ loop: optional(LOOP) }),
    ],
    methods: {
      connectionMade: [
        given(OBJECT, () => new asyncio.Transport()),
      ],
      dataReceived: [BYTES],
      connectionLost: [ANYTHING],
    },
  },
  StreamWriter: {
    make: async () => (await streams())[1],
    dispose: (writer: asyncio.StreamWriter) => writer.transport.abort(),
    construct: [
      given(OBJECT, () => new asyncio.Transport()),
      given(
        OBJECT,
        () => new asyncio.StreamReaderProtocol(new asyncio.StreamReader()),
      ),
      nullable(READER),
      given(LOOP, () => asyncio.getEventLoop()),
    ],
    methods: {
      write: [DATA],
      send: [BYTES],
      writeLines: [given(ITERABLE, () => ["text"])],
      getExtraInfo: [ANYTHING, ANYTHING],
      startTls: [TLS_OPTIONS, options({ serverSide: optional(BOOLEAN) })],
    },
  },
  TaskGroup: {
    make: () => new asyncio.TaskGroup(),
    construct: [],
    methods: {
      createTask: [CORO, GROUP_TASK_OPTIONS],
      run: [CORO],
      start: [CORO, GROUP_TASK_OPTIONS],
    },
  },
  Timeout: {
    make: () => new asyncio.Timeout(null),
    construct: [nullable(NUMBER)],
    methods: { reschedule: [nullable(NUMBER)], run: [CORO] },
  },
  MemoryNetwork: {
    make: () => new testing.MemoryNetwork(),
    construct: [options({
      seed: optional(INTEGER),
      latency: optional({
        ...COUNT,
        takes: (v) => Array.isArray(v) || typeof v === "number" && v >= 0,
      }),
      bandwidth: optional(POSITIVE),
      loss: optional(NUMBER),
      duplication: optional(NUMBER),
      observe: optional(nullable(FUNCTION)),
    })],
    methods: {
      at: [STRING, FUNCTION],
      cut: [STRING, STRING],
      slow: [STRING, POSITIVE],
      reset: [optional(STRING)],
      crash: [STRING],
      injectFaults: [options({
        every: POSITIVE,
        lasting: optional(POSITIVE),
        kinds: optional(given(ARRAY, () => ["reset"])),
        hosts: optional(given(ARRAY, () => undefined)),
      })],
    },
  },
  Trial: { construct: null, methods: {} },
};
