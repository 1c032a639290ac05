// Copyright 2026 the asyncio for Deno authors. MIT license.

import { runAt } from "../loop/core/async_context.ts";
import { pulse } from "../loop/core/introspection/snapshot.ts";
import { assertDeno, onExit } from "../loop/core/runtime.ts";
import {
  assertBoolean,
  assertOptions,
  wrongType,
} from "../loop/core/validate.ts";
import { ownDirectory } from "./_directory.ts";
import { type Endpoint, keepAlive, openEndpoint } from "./_endpoint.ts";
import { ViewerSession } from "./_viewer_session.ts";

/** More viewers are refused. */
const MAX_VIEWERS = 16;

/**
 * The options of {@linkcode inspect}.
 *
 * @category Inspection
 */
export interface InspectOptions {
  /**
   * Where viewers connect: the path of the Unix socket, in a folder that exists; on Windows of a file that names a
   * port and a token. By default a name with the process id in `$XDG_RUNTIME_DIR/asyncio` or, if there is none, in a
   * folder of this user for temporary files, where the viewer finds it.
   */
  path?: string | undefined;
  /** Whether viewers may cancel tasks; they may not by default. */
  allowCancel?: boolean | undefined;
}

let construct: (endpoint: Endpoint, allowCancel: boolean) => Inspector;

/**
 * An open endpoint for viewers, as {@linkcode inspect} returns it.
 *
 * @example Usage
 * ```ts
 * import { inspect } from "@asyncio/asyncio/inspect";
 *
 * await using inspector = await inspect();
 * console.log("Viewers connect to", inspector.path);
 * ```
 *
 * @category Inspection
 */
export class Inspector implements AsyncDisposable {
  readonly #endpoint: Endpoint;
  readonly #allowCancel: boolean;
  readonly #sessions = new Map<ViewerSession, Promise<void>>();
  readonly #stopPulse: () => void;
  readonly #accepting: Promise<void>;
  #isClosed = false;

  static {
    construct = (endpoint, allowCancel) => new Inspector(endpoint, allowCancel);
  }

  private constructor(endpoint: Endpoint, allowCancel: boolean) {
    this.#endpoint = endpoint;
    this.#allowCancel = allowCancel;
    this.#stopPulse = pulse.start();
    keepAlive(endpoint.listener, false);
    this.#accepting = this.#accept();
    removeAtExit(endpoint);
  }

  /** The path of the socket to which viewers connect. */
  get path(): string {
    return this.#endpoint.path;
  }

  /**
   * Closes the endpoint, and disconnects its viewers.
   *
   * @returns A promise that resolves when that is done.
   */
  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      open.delete(this.#endpoint);
      // The end is awaited below.
      keepAlive(this.#endpoint.listener, true);
      this.#endpoint.close();
      this.#stopPulse();
      for (const session of this.#sessions.keys()) session.close();
    }
    await this.#accepting;
    await Promise.all(this.#sessions.values());
  }

  /** Closes the endpoint, as {@linkcode Inspector.close} does. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #accept(): Promise<void> {
    while (true) {
      let conn: Deno.Conn;
      try {
        conn = await this.#endpoint.listener.accept();
      } catch {
        if (this.#isClosed) return;
        // Too many files are open, for example.
        await new Promise((resolve) =>
          Deno.unrefTimer(setTimeout(resolve, 100))
        );
        continue;
      }
      if (this.#sessions.size >= MAX_VIEWERS || this.#isClosed) {
        conn.close();
        continue;
      }
      keepAlive(conn, false);
      const session = new ViewerSession(conn, {
        token: this.#endpoint.token,
        allowCancel: this.#allowCancel,
      });
      this.#sessions.set(
        session,
        session.run().then(() => void this.#sessions.delete(session)),
      );
    }
  }
}

/**
 * Lets viewers see into the program: its tasks, what they wait for, and more. Nothing that the program passes around as
 * a value is shown, and viewers change nothing unless `allowCancel` lets them cancel tasks.
 *
 * Viewers of the same user on the same machine can connect. `deno run -A jsr:@asyncio/asyncio/inspect` is such a
 * viewer. While none is connected, it costs next to nothing; what viewers do never stops the program. The endpoint does
 * not keep the program alive, and ends with it. Needs permission to read and write its folder.
 *
 * @param options Where viewers connect, and whether they may cancel tasks.
 * @returns The open endpoint. You need not close it.
 * @throws {Deno.errors.AddrInUse} If a program already listens at the path.
 * @throws {Deno.errors.PermissionDenied} If the folder belongs to another user.
 * @throws {TypeError} If an option has the wrong type.
 *
 * @example Usage
 * ```ts
 * import { run } from "@asyncio/asyncio";
 * import { inspect } from "@asyncio/asyncio/inspect";
 *
 * await using _ = await inspect();
 * await run(async () => {
 *   // the program
 * });
 * ```
 *
 * @category Inspection
 */
export async function inspect(options?: InspectOptions): Promise<Inspector> {
  assertDeno("inspect");
  assertOptions("inspect", options);
  const { path, allowCancel = false } = options ?? {};
  assertBoolean("The allowCancel option of inspect()", allowCancel);
  if (path !== undefined && typeof path !== "string") {
    throw wrongType("The path option of inspect()", "a string", path);
  }
  if (path === "") {
    throw new RangeError(
      "The path option of inspect() must be the path of a file: received an empty string",
    );
  }
  // Outside tasks: what begins here would keep the caller's alive.
  return await runAt(undefined, async () => {
    const endpoint = await openEndpoint(path ?? freePath());
    return construct(endpoint, allowCancel);
  }, undefined);
}

/** The number of endpoints that were opened without a path: workers share the process id. */
let opened = 0;

function freePath(): string {
  const directory = ownDirectory();
  const suffix = opened++ === 0 ? "" : `-${crypto.randomUUID().slice(0, 8)}`;
  return `${directory}/${Deno.pid}${suffix}.sock`;
}

/** The endpoints whose files are removed when the program ends. */
const open = new Set<Endpoint>();

let isRemovedAtExit = false;

function removeAtExit(endpoint: Endpoint): void {
  open.add(endpoint);
  if (isRemovedAtExit) return;
  isRemovedAtExit = true;
  onExit(() => open.forEach((each) => each.close()));
}
