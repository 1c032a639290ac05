// Copyright 2026 the asyncio for Deno authors. MIT license.

// Prints the header fields of the response of a web server:
//
//   deno run --allow-net examples/http_headers.ts https://example.com/

import { openConnection, run } from "@asyncio/asyncio";

const url = new URL(Deno.args[0] ?? "https://example.com/");

async function main(): Promise<void> {
  const isSecure = url.protocol === "https:";
  const [reader, writer] = await openConnection(
    url.hostname,
    Number(url.port) || (isSecure ? 443 : 80),
    { tls: isSecure },
  );
  await using _connection = writer;
  writer.write(
    `HEAD ${url.pathname}${url.search} HTTP/1.1\r\n` +
      `Host: ${url.host}\r\n` +
      "Connection: close\r\n" +
      "\r\n",
  );

  for await (const bytes of reader) {
    const line = new TextDecoder().decode(bytes).trimEnd();
    if (line === "") break; // the body follows
    console.log(line);
  }
}

await run(main);
