// Copyright 2026 the asyncio for Deno authors. MIT license.

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  createTask,
  type ExceptionContext,
  Future,
  getRunningLoop,
  newEventLoop,
  run,
  type Server,
  sleep,
} from "../../../mod.ts";
import { withDirectory } from "../../../tests/doubles/directory.ts";
import { Recorder } from "../../../tests/doubles/recorder.ts";

const ignore = Deno.build.os === "windows";

function serve(path: string, options = {}): Promise<Server> {
  return getRunningLoop()
    .createUnixServer(() => new Recorder(), path, options);
}

async function exchange(path: string): Promise<void> {
  const [transport, client] = await getRunningLoop()
    .createUnixConnection(() => new Recorder(), path);
  transport.writeEof();
  // The protocol at the other end closes at the end of the stream.
  await client.lost;
}

async function end(server: Server): Promise<void> {
  server.close();
  await server.waitClosed();
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Leaves a socket behind, like a server that is killed. */
async function leaveSocket(path: string): Promise<void> {
  const listener = Deno.listen({ transport: "unix", path });
  await Deno.link(path, `${path}.kept`);
  listener.close();
  await Deno.rename(`${path}.kept`, path);
}

function unixTest(name: string, body: (path: string) => Promise<void>): void {
  Deno.test(
    name,
    { ignore },
    () => withDirectory((directory) => run(() => body(`${directory}/socket`))),
  );
}

unixTest(
  "loop.createUnixServer() removes its file when the server is closed",
  async (path) => {
    const server = await serve(path);
    assertEquals(server.sockets[0]!.addr, { transport: "unix", path });
    await exchange(path);
    await end(server);
    assertEquals(exists(path), false);
  },
);

unixTest(
  "loop.createUnixServer() removes its file even if it never served",
  async (path) => {
    await end(await serve(path, { startServing: false }));
    assertEquals(exists(path), false);
  },
);

unixTest("loop.createUnixServer() removes a stale socket", async (path) => {
  await leaveSocket(path);
  assert(exists(path));
  const server = await serve(path);
  await exchange(path);
  await end(server);
});

unixTest(
  "loop.createUnixServer() does not remove a file that is not a socket",
  async (path) => {
    await Deno.writeTextFile(path, "precious");
    await assertRejects(
      () => serve(path),
      Deno.errors.AddrInUse,
      `Cannot listen at the Unix socket "${path}": Address already in use`,
    );
    assertEquals(await Deno.readTextFile(path), "precious");
    await assertRejects(
      () => serve(`${path}/below`),
      Error,
      "/socket/below",
    );
  },
);

unixTest(
  "loop.createUnixServer() keeps its file with cleanupSocket: false",
  async (path) => {
    for (let i = 0; i < 2; i++) {
      await end(await serve(path, { cleanupSocket: false }));
      assert(Deno.statSync(path).isSocket);
    }
    assertEquals(
      [...Deno.readDirSync(new URL(".", `file://${path}`))].length,
      1,
    );
  },
);

unixTest(
  "Server.close() does not remove a file that has replaced its own",
  async (path) => {
    const server = await serve(path);
    await Deno.remove(path);
    await Deno.writeTextFile(path, "precious");
    await end(server);
    assertEquals(await Deno.readTextFile(path), "precious");
  },
);

unixTest(
  "Server.close() accepts that its file has been removed",
  async (path) => {
    const server = await serve(path);
    await Deno.remove(path);
    await end(server);
    assertEquals(exists(path), false);
  },
);

unixTest(
  "loop.createUnixServer() replaces a running server",
  async (path) => {
    const first = await serve(path);
    const second = await serve(path);
    await end(first);
    await exchange(path);
    await end(second);
    assertEquals(exists(path), false);
  },
);

unixTest(
  "loop.createUnixServer() replaces a closing server",
  async (path) => {
    const first = await serve(path);
    await exchange(path);
    first.close();
    const second = await serve(path);
    await first.waitClosed();
    await exchange(path);
    await end(second);
  },
);

unixTest(
  "loop.createUnixServer() can be cancelled while it waits for a closing server",
  async (path) => {
    const first = await serve(path);
    await exchange(path);
    for (let steps = 0; steps < 6; steps++) {
      const task = createTask(() => serve(path));
      for (let i = 0; i < steps; i++) await sleep(0);
      if (steps === 0) first.close();
      task.cancel();
      await task.then(end, () => {});
    }
    await end(first);
    assertEquals(exists(path), false);
  },
);

unixTest(
  "loop.createUnixServer() accepts a listener and removes its file",
  async (path) => {
    const sock = Deno.listen({ transport: "unix", path });
    const server = await getRunningLoop()
      .createUnixServer(() => new Recorder(), { sock });
    assertEquals(server.sockets, [sock]);
    await exchange(path);
    await end(server);
    assertEquals(exists(path), false);
  },
);

unixTest(
  "Server reports that the file of its socket cannot be kept",
  async (path) => {
    const loop = getRunningLoop();
    const report = new Future<ExceptionContext>();
    loop.setExceptionHandler((_, context) => report.setResult(context));
    const server = await serve(path, { cleanupSocket: false });
    const { linkSync } = Deno;
    Deno.linkSync = () => {
      throw new Deno.errors.PermissionDenied("not here");
    };
    server.close();
    Deno.linkSync = linkSync;
    const { message, exception } = await report;
    assert(message.includes("the file of a Unix socket"));
    assert(exception instanceof Deno.errors.PermissionDenied);
    await server.waitClosed();
  },
);

unixTest(
  "loop.createUnixServer() validates its arguments first",
  async (path) => {
    const serveWith = (...args: unknown[]) =>
      getRunningLoop().createUnixServer(() => new Recorder(), ...args as []);
    await assertRejects(() => serveWith(), RangeError, "received neither");
    await assertRejects(() => serveWith(""), RangeError, "a non-empty string");
    await assertRejects(
      () => serveWith(path, { backlog: -1 }),
      RangeError,
      "backlog",
    );
    await assertRejects(
      () => serveWith(path, { tls: {} }),
      RangeError,
      "must include cert and key",
    );
    await assertRejects(
      () => serveWith(null, { sock: {} }),
      TypeError,
      "The sock must be a Deno.Listener: received an instance of Object",
    );
    using sock = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await assertRejects(
      () => serveWith(path, { sock }),
      RangeError,
      "received both",
    );
    await assertRejects(
      () => serveWith(null, { sock }),
      RangeError,
      "received a tcp socket",
    );
    assertEquals(exists(path), false);
  },
);

Deno.test("EventLoop.close() releases the path of a Unix server", {
  ignore,
}, () =>
  withDirectory(async (directory) => {
    const path = `${directory}/socket`;
    const loop = newEventLoop();
    await loop.runUntilComplete(() =>
      loop.createUnixServer(() => new Recorder(), path)
    );
    loop.close();
    await run(async () => {
      const server = await serve(path);
      await exchange(path);
      await end(server);
    });
  }));
