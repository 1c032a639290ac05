// Copyright 2026 the asyncio for Deno authors. MIT license.

// A service in front of a slow one, in the form that Deno Deploy runs:
//
//   UPSTREAM=http://127.0.0.1:8080 deno run --allow-net --allow-env=UPSTREAM examples/deploy_service.ts [port]
//
// There is no run(): all requests share the objects below, on the default loop.

import { Gateway } from "./deploy/gateway.ts";

const { origin } = new URL(
  Deno.env.get("UPSTREAM") ?? "http://127.0.0.1:8080",
);

const gateway = new Gateway(
  // Not by new URL(path, origin): a path such as //example.org is a host to that
  (path, signal) => fetch(origin + path, { signal }),
);

Deno.serve({
  hostname: "127.0.0.1",
  port: Number(Deno.args[0] ?? 8000),
  onListen: ({ hostname, port }) =>
    console.log(`Serving at http://${hostname}:${port}/`),
}, (request, { remoteAddr }) => gateway.handle(request, remoteAddr.hostname));
