// Copyright 2026 the asyncio for Deno authors. MIT license.

// An HTTP/1.1 server on streams, with several routes:
//
//   deno run --allow-net examples/http_server.ts --port=8080
//   curl http://127.0.0.1:8080/
//
// It also serves the files of a directory:
//
//   deno run --allow-net --allow-read=public examples/http_server.ts --root=public
//
// With https, by a certificate and its key:
//
//   deno run --allow-net --allow-read examples/http_server.ts --cert=a.pem --key=a.key
//
// Ctrl-C ends it when all requests that have begun are answered.

import { Event, run, sleep, type TlsOptions } from "@asyncio/asyncio";
import { parseArgs } from "node:util";
import type { HttpRequest } from "./http/connection.ts";
import { replyWithFile } from "./http/files.ts";
import { HttpError } from "./http/http_error.ts";
import { Log } from "./http/log.ts";
import type { Reply } from "./http/reply.ts";
import { type Handler, startHttpServer } from "./http/server.ts";

const { values: options } = parseArgs({
  args: Deno.args,
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "8080" },
    root: { type: "string" },
    cert: { type: "string" },
    key: { type: "string" },
    "max-body": { type: "string", default: String(16 * 1024 * 1024) },
  },
});

const ROUTES: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  "/": { GET: () => ({ body: HOME }) },
  "/time": { GET: () => ({ body: `${new Date().toISOString()}\n` }) },
  "/echo": { POST: echo },
  "/count": { GET: ({ url }) => ({ body: count(url) }) },
};

const HOME = `Ask for
  /time          what time it is
  /echo          what you send, by POST
  /count?to=10   numbers, ten a second
`;

function route(request: HttpRequest): Reply | Promise<Reply> {
  const { method, path } = request;
  const { root } = options;
  const handlers = ROUTES[path] ?? (root === undefined ? undefined : {
    GET: () => replyWithFile(root, request.url.pathname),
  });
  if (handlers === undefined) throw new HttpError(404, "Nothing is here");
  const handler = handlers[method === "HEAD" ? "GET" : method];
  if (handler !== undefined) return handler(request);
  const allow = Object.keys(handlers)
    .flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]);
  throw new HttpError(405, `Cannot ${method} this`, {
    allow: allow.join(", "),
  });
}

async function echo({ body, headers }: HttpRequest): Promise<Reply> {
  const type = headers.get("content-type") ?? "application/octet-stream";
  return { headers: { "content-type": type }, body: await body.bytes() };
}

/** Takes some time; other requests are served in the meantime. */
async function* count(url: URL): AsyncGenerator<Uint8Array, void> {
  const to = Number(url.searchParams.get("to") ?? 10);
  for (let number = 1; number <= to; number++) {
    if (number > 1) await sleep(0.1);
    yield new TextEncoder().encode(`${number}\n`);
  }
}

async function readCertificate(
  { cert, key }: { cert?: string; key?: string },
): Promise<TlsOptions | null> {
  if (cert === undefined && key === undefined) return null;
  if (cert === undefined || key === undefined) {
    throw new TypeError("Expected --cert and --key: received one of them");
  }
  return {
    cert: await Deno.readTextFile(cert),
    key: await Deno.readTextFile(key),
  };
}

async function main(): Promise<void> {
  const tls = await readCertificate(options);
  using log = new Log();
  await using server = await startHttpServer(
    route,
    options.host,
    Number(options.port),
    {
      log: log.add,
      maxBody: Number(options["max-body"]),
      ...(tls === null ? {} : { tls }),
    },
  );
  const { hostname, port } = server.address;
  const scheme = tls === null ? "http" : "https";
  console.log(`Serving at ${scheme}://${hostname}:${port}/`);
  await new Event().wait(); // until Ctrl-C cancels it
}

await run(main);
