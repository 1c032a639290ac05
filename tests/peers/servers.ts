// Copyright 2026 the asyncio for Deno authors. MIT license.

/** A server that a test has started, in a fresh directory and on a free port. */
export interface TestServer extends AsyncDisposable {
  readonly port: number;
  /** Ends the server as `kill -9` does, and its processes. */
  kill(): Promise<void>;
  /** Starts it again after that, on the same data. */
  restart(): Promise<void>;
}

/** Returns a port that was free a moment ago. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function findProgram(name: string, folders: readonly string[]): string | null {
  const all = [...(Deno.env.get("PATH") ?? "").split(":"), ...folders];
  return all.map((folder) => `${folder}/${name}`).find(isFile) ?? null;
}

/** The folders in which Debian keeps the programs of PostgreSQL, the newest version first. */
function postgresFolders(): string[] {
  try {
    return [...Deno.readDirSync("/usr/lib/postgresql")]
      .map(({ name }) => name)
      .toSorted((a, b) => Number(b) - Number(a))
      .map((version) => `/usr/lib/postgresql/${version}/bin`);
  } catch {
    return [];
  }
}

/** The folder of PostgreSQL's programs; `null` if it is not installed. */
export const POSTGRES: string | null =
  postgresFolders().find((each) => isFile(`${each}/initdb`)) ??
    findProgram("initdb", [])?.replace(/\/initdb$/, "") ?? null;

/** The path of `nats-server`; `null` if it is not installed. */
export const NATS: string | null = findProgram("nats-server", ["/usr/sbin"]);

/** The path of `redis-server`, which only a benchmark needs; `null` if it is not installed. */
export const REDIS: string | null = findProgram("redis-server", []);

for (
  const [name, found] of [["PostgreSQL", POSTGRES], ["nats-server", NATS]]
) {
  if (found === null) {
    console.warn(
      `${name} is not installed: the tests that need it are skipped`,
    );
  }
}

/** PostgreSQL refuses to run as root: then another user runs it. */
async function userArgs(folder: string): Promise<string[]> {
  if (Deno.uid() !== 0) return [];
  const { stdout } = await new Deno.Command("id", {
    args: ["-u", "postgres"],
    stderr: "null",
  }).output();
  const user = new TextDecoder().decode(stdout).trim() || "65534";
  await Deno.chown(folder, Number(user), null);
  return ["setpriv", `--reuid=${user}`, "--clear-groups", "--"];
}

async function runQuietly(args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(args[0]!, {
    args: args.slice(1),
    cwd: "/",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

async function untilOpen(port: number, process: Deno.ChildProcess) {
  let hasEnded = false;
  process.status.then(() => hasEnded = true);
  for (let i = 0; i < 500 && !hasEnded; i++) {
    try {
      using _ = await Deno.connect({ hostname: "127.0.0.1", port });
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  throw new Error("The server does not start");
}

/** The processes that a process has started. */
async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-o", "pid=", "--ppid", `${pid}`],
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).trim().split(/\s+/).map(Number)
    .filter((each) => each > 0);
}

function killQuietly(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

async function serve(
  port: number,
  folder: string,
  args: readonly string[],
): Promise<TestServer> {
  const start = () =>
    new Deno.Command(args[0]!, {
      args: args.slice(1),
      cwd: "/",
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  let process = start();
  const kill = async () => {
    const children = await childrenOf(process.pid);
    killQuietly(process.pid, "SIGKILL");
    for (const child of children) killQuietly(child, "SIGKILL");
    await process.status;
  };
  await untilOpen(port, process);
  return {
    port,
    kill,
    async restart() {
      process = start();
      await untilOpen(port, process);
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Starts PostgreSQL, with the user `postgres` and no password; `settings` are those of its configuration. */
export async function startPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<TestServer> {
  const folder = await Deno.makeTempDir({ prefix: "postgres" });
  const user = await userArgs(folder);
  await runQuietly([
    ...user,
    `${POSTGRES}/initdb`,
    ...["-D", `${folder}/data`, "-U", "postgres", "-A", "trust", "-E", "UTF8"],
    ...["--locale=C", "--no-sync", "--no-instructions"],
  ]);
  const port = freePort();
  const all = {
    listen_addresses: "127.0.0.1",
    port: `${port}`,
    unix_socket_directories: folder,
    // A server that is killed leaves its writes to the system, which keeps them.
    fsync: "off",
    max_connections: "60",
    ...settings,
  };
  const options = Object.entries(all)
    .flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const server = await serve(port, folder, [
    ...user,
    `${POSTGRES}/postgres`,
    ...["-D", `${folder}/data`],
    ...options,
  ]);
  // The port is open before the server is ready.
  for (let i = 0; i < 100; i++) {
    const { success } = await new Deno.Command(`${POSTGRES}/pg_isready`, {
      args: ["-q", "-h", "127.0.0.1", "-p", `${port}`],
    }).output();
    if (success) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return server;
}

/** Starts NATS with JetStream. */
export async function startNats(): Promise<TestServer> {
  const folder = await Deno.makeTempDir({ prefix: "nats" });
  const port = freePort();
  return await serve(port, folder, [
    NATS!,
    ...["-a", "127.0.0.1", "-p", `${port}`, "-js", "-sd", folder],
  ]);
}

/** Starts Redis with a log of what it does, written to the disk once a second, as it is recommended for queues. */
export async function startRedis(): Promise<TestServer> {
  const folder = await Deno.makeTempDir({ prefix: "redis" });
  const port = freePort();
  return await serve(port, folder, [
    REDIS!,
    ...["--port", `${port}`, "--dir", folder, "--bind", "127.0.0.1"],
    ...["--appendonly", "yes", "--save", ""],
  ]);
}
