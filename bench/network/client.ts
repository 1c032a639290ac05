// Copyright 2026 the asyncio for Deno authors. MIT license.

/**
 * The load: `deno run -A client.ts KIND PORT …`. It prints a figure, or with a kind that lasts for a time, for each
 * line of standard input with a number of seconds, what it did in how many seconds.
 *
 * @module
 */

const [kind, port, ...rest] = Deno.args;
const target = { hostname: "127.0.0.1", port: Number(port) };
const numbers = rest.map(Number);

async function connect(): Promise<Deno.TcpConn> {
  const conn = await Deno.connect(target);
  conn.setNoDelay(true);
  return conn;
}

const CERTIFICATES = new URL("../../tests/certificates/", import.meta.url);

async function connectTls(): Promise<Deno.TlsConn> {
  const authority = await Deno.readTextFile(new URL("ca.pem", CERTIFICATES));
  const conn = await Deno.startTls(await connect(), {
    hostname: "localhost",
    caCerts: [authority],
  });
  await conn.handshake();
  return conn;
}

async function writeAll(conn: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let sent = 0; sent < data.length;) {
    sent += await conn.write(sent === 0 ? data : data.subarray(sent));
  }
}

/** Asks again and again, on all connections, whenever it is told for how long. */
async function ask(
  connections: number,
  connect: () => Promise<Deno.Conn>,
  question: Uint8Array,
  sizeOf: (conn: Deno.Conn) => number | Promise<number>,
): Promise<void> {
  const conns: Deno.Conn[] = [];
  for (let i = 0; i < connections; i++) conns.push(await connect());
  const size = await sizeOf(conns[0]!);
  const buffers = conns.map(() => new Uint8Array(size));
  for await (const request of Deno.stdin.readable) {
    const seconds = Number(new TextDecoder().decode(request));
    let count = 0;
    let isOver = false;
    const start = performance.now();
    setTimeout(() => isOver = true, seconds * 1000);
    await Promise.all(conns.map(async (conn, i) => {
      while (!isOver) {
        await writeAll(conn, question);
        for (let received = 0; received < size;) {
          received += (await conn.read(buffers[i]!))!;
        }
        count++;
      }
    }));
    console.log(`${count} ${(performance.now() - start) / 1000}`);
  }
  for (const conn of conns) conn.close();
}

/** Sends a message and awaits as many bytes. */
function exchange(
  message: Uint8Array,
  connections: number,
  connect: () => Promise<Deno.Conn>,
): Promise<void> {
  return ask(connections, connect, message, () => message.length);
}

const REQUEST = new TextEncoder().encode(
  "GET / HTTP/1.1\r\nhost: localhost\r\nuser-agent: bench\r\naccept: */*\r\n\r\n",
);

/** Asks once; returns the size of the answer, which is that of all. */
async function sizeOfAnswer(conn: Deno.Conn): Promise<number> {
  await writeAll(conn, REQUEST);
  const buffer = new Uint8Array(4096);
  let text = "";
  while (true) {
    const count = (await conn.read(buffer))!;
    text += new TextDecoder().decode(buffer.subarray(0, count));
    const end = text.indexOf("\r\n\r\n") + 4;
    const length = /^content-length: (\d+)/im.exec(text)?.[1];
    if (end > 3 && text.length === end + Number(length)) return text.length;
  }
}

/** Connects for each request; prints the requests a second. */
async function askOnce(concurrency: number, seconds: number): Promise<void> {
  let count = 0;
  let isOver = false;
  const request = new TextEncoder().encode(
    "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
  );
  const start = performance.now();
  setTimeout(() => isOver = true, seconds * 1000);
  await Promise.all(Array.from({ length: concurrency }, async () => {
    const buffer = new Uint8Array(4096);
    while (!isOver) {
      const conn = await connect();
      await writeAll(conn, request);
      await conn.read(buffer);
      conn.close();
      count++;
    }
  }));
  console.log(count / (performance.now() - start) * 1000);
}

/** Connects and awaits the end, several at a time; prints the connections a second. */
async function connectOften(concurrency: number, count: number): Promise<void> {
  let left = count;
  const start = performance.now();
  await Promise.all(Array.from({ length: concurrency }, async () => {
    const buffer = new Uint8Array(1);
    while (left-- > 0) {
      const conn = await connect();
      await conn.read(buffer);
      conn.close();
    }
  }));
  console.log(count / (performance.now() - start) * 1000);
}

/** Asks for pieces of a size and takes them in; prints the pieces a second. */
async function receiveBulk(size: number, count: number): Promise<void> {
  const conn = await connect();
  const buffer = new Uint8Array(256 * 1024);
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    await conn.write(new Uint8Array(1));
    for (let received = 0; received < size;) {
      received += (await conn.read(buffer))!;
    }
  }
  conn.close();
  console.log(count / (performance.now() - start) * 1000);
}

/** Holds connections open until it is told to stop. */
async function hold(connections: number): Promise<void> {
  const conns = [];
  for (let i = 0; i < connections; i++) conns.push(await connect());
  console.log(conns.length);
  for await (const _ of Deno.stdin.readable);
  Deno.exit();
}

/** Sends bytes without a newline, then awaits a line; prints how many bytes a second. */
async function flood(bytes: number): Promise<void> {
  const conn = await connect();
  const chunk = new Uint8Array(64 * 1024).fill(97);
  const start = performance.now();
  for (let sent = 0; sent < bytes; sent += chunk.length) {
    await writeAll(conn, chunk);
  }
  await conn.closeWrite();
  await conn.read(chunk);
  conn.close();
  console.log(bytes / (performance.now() - start) * 1000);
}

/** Asks for pieces, takes none in, until it is told to stop. */
async function neverRead(connections: number): Promise<void> {
  const requests = new Uint8Array(64);
  for (let i = 0; i < connections; i++) {
    await writeAll(await connect(), requests);
  }
  console.log(connections);
  for await (const _ of Deno.stdin.readable);
  Deno.exit();
}

const SHORT_LINES = new TextEncoder().encode(
  "one\ntwo words\nthree words here\nfour\nthe fifth line\n",
);

switch (kind) {
  case "exchange":
  case "exchange over TLS": {
    const [size, connections] = numbers;
    const message = new Uint8Array(size!).fill(97);
    const way = kind === "exchange" ? connect : connectTls;
    await exchange(message, connections!, way);
    break;
  }
  case "lines":
    await exchange(SHORT_LINES, numbers[0]!, connect);
    break;
  case "ask":
    await ask(numbers[0]!, connect, REQUEST, sizeOfAnswer);
    break;
  case "ask once":
    await askOnce(numbers[0]!, numbers[1]!);
    break;
  case "connect":
    await connectOften(numbers[0]!, numbers[1]!);
    break;
  case "bulk":
    await receiveBulk(numbers[0]!, numbers[1]!);
    break;
  case "hold":
    await hold(numbers[0]!);
    break;
  case "flood":
    await flood(numbers[0]!);
    break;
  case "never-read":
    await neverRead(numbers[0]!);
    break;
  default:
    console.error(`Expected a kind of load: received ${kind}`);
    Deno.exit(2);
}
