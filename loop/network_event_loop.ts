// Copyright 2026 the asyncio for Deno authors. MIT license.

import { type Direction, unwatch, watch } from "./selector.ts";
import {
  assertCallback,
  assertOpen,
  BaseEventLoop,
} from "./base_event_loop.ts";
import type { Future } from "./core/future.ts";
import { callInline } from "./core/inline_call.ts";
import { lazy, loadEverything } from "./core/lazy.ts";
import { schedulerOf } from "./core/scheduler.ts";
// Of types only: this class stands below.
import type { EventLoop } from "./event_loop.ts";
// Of types only: the network code is loaded by the first method that needs it.
import type { BaseProtocol } from "./net/base_protocol.ts";
import type { BufferedProtocol } from "./net/buffered_protocol.ts";
import type {
  AcceptedSocketOptions,
  ConnectionOptions,
  UnixConnectionOptions,
} from "./net/connect/connect.ts";
import type { DatagramEndpointOptions } from "./net/datagram/create_datagram_endpoint.ts";
import type { DatagramProtocol } from "./net/datagram_protocol.ts";
import type { DatagramSocket } from "./net/datagram_socket.ts";
import type { DatagramTransport } from "./net/datagram_transport.ts";
import type { AddrInfo, AddrInfoOptions } from "./net/dns/get_addr_info.ts";
import type {
  HostAddress,
  ReadablePipe,
  SendFileOptions,
  WritablePipe,
} from "./net/options.ts";
import type { Protocol } from "./net/protocol.ts";
import type { ReadTransport } from "./net/read_transport.ts";
import type { ServerOptions } from "./net/serve/serve.ts";
import type { UnixServerOptions } from "./net/serve/serve_unix.ts";
import type { Server } from "./net/serve/server.ts";
import type { StartTlsOptions } from "./net/tls/start_tls.ts";
import type { TlsOptions } from "./net/tls_options.ts";
import type { Transport } from "./net/transport.ts";
import type { WriteTransport } from "./net/write_transport.ts";
import { assertInteger, wrongType } from "./core/validate.ts";

/** Deno 2.9 panics when it loads a module while no file descriptor is free: what a connection may need comes with it. */
const loadConnect = lazy(async () => {
  const module = await import("./net/connect/connect.ts");
  await Promise.all([loadGetAddrInfo(), loadStartTls(), loadSendFile()]);
  return module;
});
const loadServe = lazy(() => import("./net/serve/serve.ts"));
const loadGetAddrInfo = lazy(() => import("./net/dns/get_addr_info.ts"));
const loadGetNameInfo = lazy(() => import("./net/dns/get_name_info.ts"));
const loadServeUnix = lazy(() => import("./net/serve/serve_unix.ts"));
const loadStartTls = lazy(() => import("./net/tls/start_tls.ts"));
const loadCreateDatagramEndpoint = lazy(() =>
  import("./net/datagram/create_datagram_endpoint.ts")
);
const loadConnectPipe = lazy(() => import("./net/pipe/connect_pipe.ts"));
const loadSendFile = lazy(() => import("./net/file/send_file.ts"));
const loadSockConnect = lazy(() => import("./net/sock/sock_connect.ts"));
const loadSockStream = lazy(() => import("./net/sock/sock_stream.ts"));
const loadSockDatagram = lazy(() => import("./net/sock/sock_datagram.ts"));

/**
 * The part of an event loop that reaches the network, pipes and file descriptors. A program uses
 * {@linkcode EventLoop}, which adds processes, signals and executors.
 *
 * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html}
 */
export abstract class NetworkEventLoop extends BaseEventLoop {
  /** The loop, as others take it: there is no other kind. */
  get #self(): EventLoop {
    return schedulerOf(this).loop;
  }

  #call<T>(name: string, fn: () => Promise<T>): Future<T> {
    return callInline(schedulerOf(this), name, fn);
  }

  /**
   * Connects by TCP.
   *
   * A name may have several addresses: they are tried in the system's order, one after the other, or as
   * `happyEyeballsDelay` and `interleave` have it. A program that is not allowed all of `--allow-net` leaves
   * that to Deno, which needs permission for the name and the port alone.
   *
   * Cancelled, it gives its attempts up; no connection stays behind.
   *
   * @typeParam P The type of the protocol.
   * @param protocolFactory Makes the protocol, once the connection is there.
   * @param host A host name or an address; this machine if it is `null`.
   * @param port The port.
   * @param options How to connect, or an existing connection to use instead of host and port.
   * @returns The transport and the protocol, whose `connectionMade()` has been called.
   * @throws {RangeError} If the port is none, or if neither an address nor a connection is given.
   * @throws {Deno.errors.ConnectionRefused} If nothing listens there; other failures likewise. If several
   * addresses were tried, it is the class of the last error, and the message tells of all.
   * @throws {Deno.errors.NotFound} If the host has no address.
   * @throws {Deno.errors.InvalidData} If it is to be encrypted, and the certificate is not accepted.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, Protocol, run, startServer } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * class Listener extends Protocol {
   *   heard = "";
   *   readonly end = getRunningLoop().createFuture<void>();
   *
   *   override dataReceived(data: Uint8Array): void {
   *     this.heard += new TextDecoder().decode(data);
   *   }
   *
   *   override connectionLost(): void {
   *     this.end.setResult();
   *   }
   * }
   *
   * await run(async () => {
   *   await using server = await startServer((_, writer) => {
   *     writer.write("welcome");
   *     writer.close();
   *   }, "127.0.0.1", 0);
   *   const { hostname, port } = server.sockets[0]!.addr;
   *
   *   const [, listener] = await getRunningLoop()
   *     .createConnection(() => new Listener(), hostname, port);
   *   await listener.end;
   *   assertEquals(listener.heard, "welcome");
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.create_connection}
   */
  createConnection<P extends Protocol | BufferedProtocol>(
    protocolFactory: () => P,
    host: string | null = null,
    port: number | null = null,
    options: ConnectionOptions = {},
  ): Future<[transport: Transport, protocol: P]> {
    assertOpen(this);
    return this.#call("createConnection()", async () => {
      const { connect } = await loadConnect();
      return connect(this.#self, protocolFactory, host, port, options);
    });
  }

  /**
   * Listens for TCP connections, and gives each a protocol of its own.
   *
   * Cancelled, it leaves no listener behind.
   *
   * @param protocolFactory Makes a protocol for each connection.
   * @param host A host name or an address, or several of them; every interface if it is `null`.
   * @param port The port; one that is free if it is 0 or, with a host, `null`. `server.sockets` tells which.
   * @param options How to listen, or an existing listener to use instead of host and port.
   * @returns The server, which accepts connections already.
   * @throws {RangeError} If the port is none, or if neither an address nor a listener is given.
   * @throws {Deno.errors.AddrInUse} If the port is not free; other failures likewise.
   * @throws {Deno.errors.NotFound} If a host has no address.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, Protocol, run } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const loop = getRunningLoop();
   *   await using server = await loop.createServer(() => new Protocol(), "127.0.0.1", 0);
   *   assertEquals(server.isServing(), true);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.create_server}
   */
  createServer(
    protocolFactory: () => Protocol | BufferedProtocol,
    host: string | readonly string[] | null = null,
    port: number | null = null,
    options: ServerOptions = {},
  ): Future<Server<Deno.NetAddr>> {
    assertOpen(this);
    return this.#call("createServer()", async () => {
      await loadEverything();
      const { serve } = await loadServe();
      return serve(this.#self, protocolFactory, host, port, options);
    });
  }

  /**
   * Looks up the addresses of a host, as the operating system does.
   *
   * For an address nothing is looked up, and no permission is needed; for a name, `--allow-net` for that
   * name.
   *
   * Cancelled, only the waiting ends: a look-up cannot be stopped.
   *
   * @param host The name or address of a host; none for this machine.
   * @param port The port that the addresses are to have; 0 if it is `null`.
   * @param options Which addresses.
   * @returns The addresses, at least one, the best first.
   * @throws {Deno.errors.NotFound} If there is none. Its `code` is that of the system's, `"ENOTFOUND"`.
   * @throws {Deno.errors.NotCapable} If the name may not be looked up.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const addresses = await getRunningLoop().getAddrInfo("127.0.0.1", 80);
   *   assertEquals(addresses, [
   *     { transport: "tcp", hostname: "127.0.0.1", port: 80, family: 4 },
   *   ]);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.getaddrinfo}
   */
  getAddrInfo(
    host: string | null,
    port: number | null,
    options: AddrInfoOptions = {},
  ): Future<AddrInfo[]> {
    assertOpen(this);
    return this.#call("getAddrInfo()", async () => {
      const { getAddrInfo } = await loadGetAddrInfo();
      return getAddrInfo(this.#self, host, port, options);
    });
  }

  /**
   * Looks up the names of a host and of a service by their address and port. Needs `--allow-net`
   * for the address.
   *
   * The flags are POSIX's, added up: 1 for the address as it is (`NI_NUMERICHOST`), 2 for the port as it is
   * (`NI_NUMERICSERV`), 8 for an error where a host has no name (`NI_NAMEREQD`) instead of its address. With
   * 1 and 2 nothing is looked up, and no permission is needed. 4 and 16 make no difference.
   *
   * Cancelled, only the waiting ends: a look-up cannot be stopped.
   *
   * @param addr The address, not a name, and the port.
   * @param flags How to look up.
   * @returns The names.
   * @throws {RangeError} If `addr` has no address of IPv4 or IPv6.
   * @throws {Deno.errors.NotFound} If the host must have a name and has none.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const addr = { hostname: "127.0.0.1", port: 80 };
   *   assertEquals(await getRunningLoop().getNameInfo(addr, 1 + 2), ["127.0.0.1", "80"]);
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.getnameinfo}
   */
  getNameInfo(
    addr: HostAddress,
    flags = 0,
  ): Future<[host: string, service: string]> {
    assertOpen(this);
    return this.#call("getNameInfo()", async () => {
      const { getNameInfo } = await loadGetNameInfo();
      return getNameInfo(this.#self, addr, flags);
    });
  }

  /**
   * Connects to a Unix socket. Needs `--allow-read` and `--allow-write` for its path, and
   * `--allow-net=unix:<path>`.
   *
   * Cancelled, it gives the attempt up; no connection stays behind.
   *
   * @typeParam P The type of the protocol.
   * @param protocolFactory Makes the protocol, once the connection is there.
   * @param path The socket's path; one that begins with `"\0"` is in Linux's abstract namespace.
   * @param options An existing connection to use instead of the path.
   * @returns The transport and the protocol, whose `connectionMade()` has been called.
   * @throws {RangeError} If neither a path nor a connection is given, or both are.
   * @throws {Deno.errors.NotFound} If there is no such path; other failures likewise.
   * @throws {Deno.errors.NotSupported} On Windows.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, Protocol, run } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const directory = await Deno.makeTempDir();
   * const path = `${directory}/socket`;
   *
   * await run(async () => {
   *   const loop = getRunningLoop();
   *   await using server = await loop.createUnixServer(() => new Protocol(), path);
   *   const [transport] = await loop.createUnixConnection(() => new Protocol(), path);
   *   assertEquals(transport.getExtraInfo("peername"), { transport: "unix", path });
   *   transport.close();
   * });
   * await Deno.remove(directory);
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.create_unix_connection}
   */
  createUnixConnection<P extends Protocol | BufferedProtocol>(
    protocolFactory: () => P,
    path: string | URL | null = null,
    options: UnixConnectionOptions = {},
  ): Future<[transport: Transport, protocol: P]> {
    assertOpen(this);
    return this.#call("createUnixConnection()", async () => {
      const { connectUnix } = await loadConnect();
      return connectUnix(this.#self, protocolFactory, path, options);
    });
  }

  /**
   * Listens at a Unix socket, and gives each connection a protocol of its own. Needs `--allow-read`
   * and `--allow-write` for its path, and `--allow-net=unix:<path>`.
   *
   * A socket that another server left at the path is removed first, without a look at whether that
   * server still runs; any other file there is an error. Closing the server removes the socket, unless
   * something else has taken its place by then.
   *
   * Cancelled, it leaves no listener behind.
   *
   * @param protocolFactory Makes a protocol for each connection.
   * @param path The socket's path; one that begins with `"\0"` is in Linux's abstract namespace.
   * @param options How to listen, or an existing listener to use instead of the path.
   * @returns The server, which accepts connections already.
   * @throws {RangeError} If neither a path nor a listener is given, or both are.
   * @throws {Deno.errors.AddrInUse} If there is a file that is no socket; other failures likewise.
   * @throws {Deno.errors.NotSupported} On Windows.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, Protocol, run } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const directory = await Deno.makeTempDir();
   * const path = `${directory}/socket`;
   *
   * await run(async () => {
   *   await using server = await getRunningLoop().createUnixServer(() => new Protocol(), path);
   *   assertEquals(server.sockets[0]!.addr, { transport: "unix", path });
   * });
   * await Deno.remove(directory);
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.create_unix_server}
   */
  createUnixServer(
    protocolFactory: () => Protocol | BufferedProtocol,
    path: string | URL | null = null,
    options: UnixServerOptions = {},
  ): Future<Server<Deno.UnixAddr>> {
    assertOpen(this);
    return this.#call("createUnixServer()", async () => {
      await loadEverything();
      const { serveUnix } = await loadServeUnix();
      return serveUnix(this.#self, protocolFactory, path, options);
    });
  }

  /**
   * Gives a connection that the program accepted itself a transport and a protocol.
   *
   * Cancelled, it closes the connection.
   *
   * @typeParam P The type of the protocol.
   * @param protocolFactory Makes the protocol.
   * @param conn The connection. The transport closes it.
   * @param options How the connection is served.
   * @returns The transport and the protocol, whose `connectionMade()` has been called.
   * @throws {TypeError} If `conn` is not a connection.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, Protocol, run } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
   *   using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
   *   const conn = await listener.accept();
   *   const [transport] = await getRunningLoop()
   *     .connectAcceptedSocket(() => new Protocol(), conn);
   *   assertEquals(transport.getExtraInfo("peername"), client.localAddr);
   *   transport.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.connect_accepted_socket}
   */
  connectAcceptedSocket<P extends Protocol | BufferedProtocol>(
    protocolFactory: () => P,
    conn: Deno.Conn,
    options: AcceptedSocketOptions = {},
  ): Future<[transport: Transport, protocol: P]> {
    assertOpen(this);
    return this.#call("connectAcceptedSocket()", async () => {
      const { connectAccepted } = await loadConnect();
      return connectAccepted(this.#self, protocolFactory, conn, options);
    });
  }

  /**
   * Encrypts the connection of a transport from here on. What was written before goes out first. The
   * protocol's `connectionMade()` is not called again; the old transport is used up.
   *
   * Cancelled, it closes the connection, as it does if the handshake fails: the protocol's
   * `connectionLost()` follows.
   *
   * @param transport The transport of a TCP or Unix connection.
   * @param protocol The protocol for the encrypted connection, mostly that of the transport.
   * @param tls How to encrypt. A client must name the server in `serverName`.
   * @param options Which side this is.
   * @returns The transport to use from now on.
   * @throws {TypeError} If the transport is none of a connection, or there is no protocol.
   * @throws {RangeError} If an option is wrong, or there is no `serverName`.
   * @throws {RuntimeError} If the transport is closed or closing.
   * @throws {Deno.errors.InvalidData} If the certificate is not accepted, or the peer does not speak TLS.
   * @throws {Deno.errors.ConnectionAborted} If the handshake takes too long.
   * @throws {Deno.errors.ConnectionReset} If the peer closes the connection.
   * @throws {Deno.errors.NotSupported} If the Deno is older than 2.9.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, Protocol } from "@asyncio/asyncio";
   *
   * async function greet(): Promise<void> {
   *   const loop = getRunningLoop();
   *   const [plain, protocol] = await loop.createConnection(
   *     () => new Protocol(),
   *     "mail.example.org",
   *     587,
   *   );
   *   const encrypted = await loop.startTls(plain, protocol, { serverName: "mail.example.org" });
   *   encrypted.write("EHLO here\r\n");
   *   encrypted.close();
   * }
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.start_tls}
   */
  startTls(
    transport: Transport,
    protocol: Protocol | BufferedProtocol,
    tls: TlsOptions | true,
    options: StartTlsOptions = {},
  ): Future<Transport> {
    assertOpen(this);
    return this.#call("startTls()", async () => {
      const { startTls } = await loadStartTls();
      return await startTls(transport, protocol, tls, options);
    });
  }

  /**
   * Opens a socket of UDP, or takes one that is given as `sock`.
   *
   * With a `remoteAddr` the endpoint sends only there, and receives only from there. That a datagram was
   * refused there nobody is told, unlike in asyncio: Deno does not connect the socket itself.
   * `transport.getExtraInfo("socket")` is the socket of `node:dgram`, which joins multicast groups.
   *
   * Cancelled, it leaves no socket behind.
   *
   * @typeParam P The type of the protocol.
   * @param protocolFactory Makes the protocol, once the socket is there.
   * @param options The addresses, or an existing socket to use instead of them.
   * @returns The transport and the protocol, whose `connectionMade()` has been called.
   * @throws {RangeError} If there is neither an address nor a family nor a socket.
   * @throws {Deno.errors.AddrInUse} If the local port is not free; other failures likewise.
   *
   * @example Joining a multicast group
   * ```ts
   * import { DatagramProtocol, getRunningLoop, run } from "@asyncio/asyncio";
   * import type { Socket } from "node:dgram";
   *
   * await run(async () => {
   *   const [transport] = await getRunningLoop().createDatagramEndpoint(
   *     () => new DatagramProtocol(),
   *     { localAddr: { hostname: "0.0.0.0", port: 0 } },
   *   );
   *   const socket = transport.getExtraInfo("socket") as Socket;
   *   socket.addMembership("239.255.0.1", "127.0.0.1");
   *   transport.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.create_datagram_endpoint}
   */
  createDatagramEndpoint<P extends DatagramProtocol>(
    protocolFactory: () => P,
    options: DatagramEndpointOptions = {},
  ): Future<[transport: DatagramTransport, protocol: P]> {
    assertOpen(this);
    return this.#call("createDatagramEndpoint()", async () => {
      const { createDatagramEndpoint } = await loadCreateDatagramEndpoint();
      return createDatagramEndpoint(this.#self, protocolFactory, options);
    });
  }

  /**
   * Has a protocol receive what comes through a pipe: a file, standard input, or a web stream.
   *
   * The transport closes the pipe, or cancels the stream, at its end. The end of the pipe is the end of
   * the transport, whatever `eofReceived()` returns, and an error of the pipe's is what
   * `connectionLost()` gets. What a read of a file brings that was under way when the transport was
   * closed is lost.
   *
   * Cancelled, it closes the pipe. If the factory throws, the pipe stays as it is.
   *
   * @typeParam P The type of the protocol.
   * @param protocolFactory Makes the protocol.
   * @param pipe What is read: a `Deno.FsFile`, `Deno.stdin`, or a `ReadableStream` of `Uint8Array`s.
   * @returns The transport and the protocol, whose `connectionMade()` has been called.
   * @throws {TypeError} If `pipe` is none, or a stream that is locked.
   *
   * @example The lines of standard input
   * ```ts ignore
   * import { getRunningLoop, run, StreamReader, StreamReaderProtocol } from "@asyncio/asyncio";
   *
   * await run(async () => {
   *   const reader = new StreamReader();
   *   const protocol = new StreamReaderProtocol(reader);
   *   await getRunningLoop().connectReadPipe(() => protocol, Deno.stdin);
   *   for await (const line of reader) {
   *     console.log(new TextDecoder().decode(line));
   *   }
   * });
   * ```
   *
   * @example A web stream
   * ```ts
   * import { getRunningLoop, run, StreamReader, StreamReaderProtocol } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const reader = new StreamReader();
   *   const protocol = new StreamReaderProtocol(reader);
   *   const pipe = new Blob(["one\ntwo\n"]).stream();
   *   await getRunningLoop().connectReadPipe(() => protocol, pipe);
   *   assertEquals(new TextDecoder().decode(await reader.readLine()), "one\n");
   *   assertEquals(new TextDecoder().decode(await reader.read()), "two\n");
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.connect_read_pipe}
   */
  connectReadPipe<P extends Protocol | BufferedProtocol>(
    protocolFactory: () => P,
    pipe: ReadablePipe,
  ): Future<[transport: ReadTransport, protocol: P]> {
    assertOpen(this);
    return this.#call("connectReadPipe()", async () => {
      const { connectReadPipe } = await loadConnectPipe();
      return connectReadPipe(this.#self, protocolFactory, pipe);
    });
  }

  /**
   * Has a protocol send into a pipe: a file, standard output, or a web stream.
   *
   * The transport sends only: what of it is about receiving throws `Deno.errors.NotSupported`. Its
   * `writeEof()` is `close()`, which closes the pipe once everything is written; `abort()` closes a file
   * at once, and aborts a stream. A write that a full pipe holds up cannot be taken back: after `abort()`
   * too it keeps the process alive until the other end reads or closes. That the other end of a file is
   * closed shows at the next write only, as `Deno.errors.BrokenPipe`.
   *
   * Cancelled, it closes the pipe. If the factory throws, the pipe stays as it is.
   *
   * @typeParam P The type of the protocol.
   * @param protocolFactory Makes the protocol.
   * @param pipe What is written: a `Deno.FsFile`, `Deno.stdout`, or a `WritableStream` of `Uint8Array`s.
   * @returns The transport and the protocol, whose `connectionMade()` has been called.
   * @throws {TypeError} If `pipe` is none, or a stream that is locked.
   *
   * @example Standard output, with back-pressure
   * ```ts ignore
   * import {
   *   getRunningLoop,
   *   run,
   *   StreamReaderProtocol,
   *   StreamWriter,
   * } from "@asyncio/asyncio";
   *
   * await run(async () => {
   *   const loop = getRunningLoop();
   *   const [transport, protocol] = await loop.connectWritePipe(
   *     () => new StreamReaderProtocol(null),
   *     Deno.stdout,
   *   );
   *   const writer = new StreamWriter(transport, protocol, null, loop);
   *   for (let i = 0; i < 1_000_000; i++) {
   *     writer.write(`${i}\n`);
   *     await writer.drain();
   *   }
   *   writer.close();
   *   await writer.waitClosed();
   * });
   * ```
   *
   * @example A web stream
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { BaseProtocol } from "@asyncio/asyncio/loop";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
   *   const [transport] = await getRunningLoop()
   *     .connectWritePipe(() => new BaseProtocol(), writable);
   *   transport.write("hello");
   *   transport.close();
   *   assertEquals(await new Response(readable).text(), "hello");
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.connect_write_pipe}
   */
  connectWritePipe<P extends BaseProtocol>(
    protocolFactory: () => P,
    pipe: WritablePipe,
  ): Future<[transport: Transport, protocol: P]> {
    assertOpen(this);
    return this.#call("connectWritePipe()", async () => {
      const { connectWritePipe } = await loadConnectPipe();
      return connectWritePipe(this.#self, protocolFactory, pipe);
    });
  }

  /**
   * Sends a file through the transport of a connection, from its start or from an offset, and behind what
   * was written before. Until that is done, nothing else can be written, and nothing is received.
   *
   * Deno has no call that has the system send a file, so the program reads it and sends it, without
   * further copies. Afterwards the file's position is behind what was sent, also if sending was
   * cancelled; if it failed, behind the last chunk of 256 KiB that was sent whole.
   *
   * Cancelled, it sends the chunk that is under way and no more.
   *
   * @param transport The transport, encrypted or not.
   * @param file The file, open for reading. It stays open.
   * @param options Which part of the file.
   * @returns How many bytes were sent.
   * @throws {RuntimeError} If the transport is closing, is sending a file already, or is no connection's.
   * @throws {SendfileNotAvailableError} If `fallback` is `false`.
   * @throws {Deno.errors.ConnectionReset} If the connection is lost meanwhile.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, openConnection, run, startServer } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * const path = await Deno.makeTempFile();
   * await Deno.writeTextFile(path, "hello, world");
   *
   * await run(async () => {
   *   await using server = await startServer(async (_, writer) => {
   *     using file = await Deno.open(path);
   *     await getRunningLoop().sendFile(writer.transport, file, { offset: 7 });
   *     writer.close();
   *   }, "127.0.0.1", 0);
   *   const { hostname, port } = server.sockets[0]!.addr;
   *
   *   const [reader, writer] = await openConnection(hostname, port);
   *   assertEquals(new TextDecoder().decode(await reader.read()), "world");
   *   writer.close();
   * });
   * await Deno.remove(path);
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sendfile}
   */
  sendFile(
    transport: WriteTransport,
    file: Deno.FsFile,
    options: SendFileOptions = {},
  ): Future<number> {
    assertOpen(this);
    return this.#call("sendFile()", async () => {
      const { sendFile } = await loadSendFile();
      return sendFile(this.#self, transport, file, options);
    });
  }

  /**
   * Receives some bytes from a connection, as soon as there are any.
   *
   * Cancelled, nothing is lost: the bytes go to the next `sockRecv()` or `sockRecvInto()` of that
   * connection.
   *
   * @param conn The connection, which no transport uses.
   * @param n How many bytes at most.
   * @returns The bytes; none at the end of the stream.
   * @throws {RuntimeError} If a transport uses the connection.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   *
   * await run(async () => {
   *   const loop = getRunningLoop();
   *   using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
   *   using client = await loop.sockConnect(listener.addr);
   *   const [conn] = await loop.sockAccept(listener);
   *   using server = conn;
   *   await loop.sockSendAll(client, "hello");
   *   const data = await loop.sockRecv(server, 100);
   *   assertEquals(new TextDecoder().decode(data), "hello");
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_recv}
   */
  sockRecv(conn: Deno.Conn, n: number): Future<Uint8Array<ArrayBuffer>> {
    assertOpen(this);
    return this.#call("sockRecv()", async () => {
      const { sockRecv } = await loadSockStream();
      return sockRecv(this.#self, conn, n);
    });
  }

  /**
   * Receives some bytes from a connection into a buffer, as soon as there are any.
   *
   * Cancelled, nothing is lost: the bytes go to the next `sockRecv()` or `sockRecvInto()` of that
   * connection, and the buffer stays as it is.
   *
   * @param conn The connection, which no transport uses.
   * @param buf Where the bytes go.
   * @returns How many bytes there were; 0 at the end of the stream.
   * @throws {RuntimeError} If a transport uses the connection.
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_recv_into}
   */
  sockRecvInto(conn: Deno.Conn, buf: Uint8Array): Future<number> {
    assertOpen(this);
    return this.#call("sockRecvInto()", async () => {
      const { sockRecvInto } = await loadSockStream();
      return sockRecvInto(this.#self, conn, buf);
    });
  }

  /**
   * Receives a datagram.
   *
   * A socket of `node:dgram` keeps what arrives for this method from its first call on.
   *
   * Cancelled, nothing is lost: the datagram goes to the next call for that socket.
   *
   * @param sock A bound socket of `node:dgram`, or what `Deno.listenDatagram()` gives.
   * @param bufSize How many bytes at most; the rest of a longer datagram is dropped.
   * @returns The bytes, and where they came from.
   * @throws {RuntimeError} If a transport uses the socket.
   *
   * @example Usage
   * ```ts
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   * import { assertEquals } from "@std/assert";
   * import { createSocket } from "node:dgram";
   * import { once } from "node:events";
   *
   * await run(async () => {
   *   const loop = getRunningLoop();
   *   const socket = createSocket("udp4").bind(0, "127.0.0.1");
   *   await once(socket, "listening");
   *   const receiving = loop.sockRecvFrom(socket, 100);
   *   const { address, port } = socket.address();
   *   await loop.sockSendTo(socket, "to myself", { hostname: address, port });
   *   const [data] = await receiving;
   *   assertEquals(new TextDecoder().decode(data), "to myself");
   *   socket.close();
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_recvfrom}
   */
  sockRecvFrom(
    sock: DatagramSocket,
    bufSize: number,
  ): Future<[data: Uint8Array<ArrayBuffer>, addr: Deno.Addr]> {
    assertOpen(this);
    return this.#call("sockRecvFrom()", async () => {
      const { sockRecvFrom } = await loadSockDatagram();
      return sockRecvFrom(this.#self, sock, bufSize);
    });
  }

  /**
   * Receives a datagram into a buffer.
   *
   * Cancelled, nothing is lost: the datagram goes to the next call for that socket, and the buffer stays
   * as it is.
   *
   * @param sock A bound socket of `node:dgram`, or what `Deno.listenDatagram()` gives.
   * @param buf Where the bytes go.
   * @param nbytes How many bytes at most; as many as the buffer takes if it is 0.
   * @returns How many bytes there were, and where they came from.
   * @throws {RuntimeError} If a transport uses the socket.
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_recvfrom_into}
   */
  sockRecvFromInto(
    sock: DatagramSocket,
    buf: Uint8Array,
    nbytes = 0,
  ): Future<[count: number, addr: Deno.Addr]> {
    assertOpen(this);
    return this.#call("sockRecvFromInto()", async () => {
      const { sockRecvFromInto } = await loadSockDatagram();
      return sockRecvFromInto(this.#self, sock, buf, nbytes);
    });
  }

  /**
   * Sends all of some bytes to a connection. They must not be changed until then.
   *
   * Cancelled, or if it fails, nobody knows how much has been sent.
   *
   * @param conn The connection, which no transport uses.
   * @param data The bytes, or a string that is sent as UTF-8.
   * @returns A future that is done when all of it is sent.
   * @throws {RuntimeError} If a transport uses the connection.
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_sendall}
   */
  sockSendAll(
    conn: Deno.Conn,
    data: Uint8Array | string,
  ): Future<void> {
    assertOpen(this);
    return this.#call("sockSendAll()", async () => {
      const { sockSendAll } = await loadSockStream();
      return sockSendAll(this.#self, conn, data);
    });
  }

  /**
   * Sends a datagram. Its bytes must not be changed until then.
   *
   * Cancelled, it may be sent all the same.
   *
   * @param sock A bound socket of `node:dgram`, or what `Deno.listenDatagram()` gives.
   * @param data The bytes, or a string that is sent as UTF-8.
   * @param addr Where to.
   * @returns How many bytes were sent: all.
   * @throws {RuntimeError} If a transport uses the socket.
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_sendto}
   */
  sockSendTo(
    sock: DatagramSocket,
    data: Uint8Array | string,
    addr: HostAddress | Deno.UnixAddr,
  ): Future<number> {
    assertOpen(this);
    return this.#call("sockSendTo()", async () => {
      const { sockSendTo } = await loadSockDatagram();
      return sockSendTo(this.#self, sock, data, addr);
    });
  }

  /**
   * Connects by TCP, or to a Unix socket. JavaScript has no socket that is not connected yet, so the
   * method makes it, unlike in asyncio.
   *
   * Cancelled, it gives the attempt up; no connection stays behind.
   *
   * @param address Where to.
   * @returns The connection.
   * @throws {Deno.errors.ConnectionRefused} If nothing listens there; other failures likewise.
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_connect}
   */
  sockConnect(address: HostAddress | Deno.UnixAddr): Future<Deno.Conn>;
  /**
   * Connects a socket of datagrams: it receives from that address alone from then on.
   *
   * Cancelled, the socket is as it was.
   *
   * @param sock A bound socket of `node:dgram`, or what `Deno.listenDatagram()` gives.
   * @param address Where to.
   * @returns A future that is done when the host name, if it is one, is known.
   * @throws {RuntimeError} If a transport uses the socket.
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_connect}
   */
  sockConnect(
    sock: DatagramSocket,
    address: HostAddress | Deno.UnixAddr,
  ): Future<void>;
  sockConnect(
    ...args:
      | [address: HostAddress | Deno.UnixAddr]
      | [sock: DatagramSocket, address: HostAddress | Deno.UnixAddr]
  ): Future<Deno.Conn | void> {
    assertOpen(this);
    return this.#call<Deno.Conn | void>("sockConnect()", async () => {
      const { connectDatagrams, connectStream } = await loadSockConnect();
      return args.length === 1
        ? connectStream(this.#self, ...args)
        : connectDatagrams(this.#self, ...args);
    });
  }

  /**
   * Accepts a connection.
   *
   * Cancelled, no connection is lost: it goes to the next `sockAccept()` of that listener, or is closed
   * with the loop.
   *
   * @param listener The listener.
   * @returns The connection, and the address of its other end.
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_accept}
   */
  sockAccept(
    listener: Deno.Listener,
  ): Future<[conn: Deno.Conn, addr: Deno.Addr]> {
    assertOpen(this);
    return this.#call("sockAccept()", async () => {
      const { sockAccept } = await loadSockStream();
      return sockAccept(this.#self, listener);
    });
  }

  /**
   * Sends a file, or a part of it, to a connection. The file's position is then behind what was sent,
   * also if sending was cancelled; if it failed, behind the last chunk of 256 KiB that was sent whole.
   *
   * Cancelled, it sends the chunk that is under way and no more. What is sent next waits for that.
   *
   * @param conn The connection, which no transport uses.
   * @param file The file.
   * @param options Which part, and whether the program may read the file itself.
   * @returns How many bytes were sent.
   * @throws {SendfileNotAvailableError} If `fallback` is `false`: Deno has no other way.
   * @throws {RuntimeError} If a transport uses the connection.
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.sock_sendfile}
   */
  sockSendFile(
    conn: Deno.Conn,
    file: Deno.FsFile,
    options: SendFileOptions = {},
  ): Future<number> {
    assertOpen(this);
    return this.#call("sockSendFile()", async () => {
      const { sockSendFile } = await loadSockStream();
      return sockSendFile(this.#self, conn, file, options);
    });
  }

  /**
   * Has a function called whenever a file descriptor can be read, in place of the one before. It is
   * called again for as long as that is so: it must read, without waiting.
   *
   * Deno tells of no descriptor whether it is ready: the loop asks the system, by `poll(2)` on a thread of
   * its own. That needs `--allow-ffi`, and does not work on Windows. Connections and files of Deno's have
   * no descriptor that could be had; `sockRecv()` and `connectReadPipe()` read those. The descriptor must
   * stay open until {@linkcode EventLoop.removeReader}.
   *
   * @typeParam A The types of the arguments.
   * @param fd The number of the descriptor; 0 is standard input.
   * @param callback The function, which runs as other callbacks of the loop do.
   * @param args What it is called with.
   * @throws {Deno.errors.NotSupported} On Windows, and without `--allow-ffi`.
   * @throws {Deno.errors.BadResource} If the descriptor is not open.
   *
   * @example Usage
   * ```ts ignore
   * import { getRunningLoop, run } from "@asyncio/asyncio";
   *
   * await run(async () => {
   *   const loop = getRunningLoop();
   *   const line = loop.createFuture<Uint8Array>();
   *   const buffer = new Uint8Array(1024);
   *   loop.addReader(0, () => {
   *     const length = Deno.stdin.readSync(buffer);
   *     loop.removeReader(0);
   *     line.setResult(buffer.subarray(0, length ?? 0));
   *   });
   *   console.log(new TextDecoder().decode(await line));
   * });
   * ```
   *
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.add_reader}
   */
  addReader<A extends unknown[]>(
    fd: number,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    this.#watch("reader", fd, callback, args);
  }

  /**
   * Takes back what {@linkcode EventLoop.addReader} asked for, also a call that waits for its turn.
   *
   * @param fd The number of the descriptor.
   * @returns Whether there was something to take back.
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.remove_reader}
   */
  removeReader(fd: number): boolean {
    assertDescriptor("removeReader", fd);
    return unwatch(schedulerOf(this.#self), "reader", fd);
  }

  /**
   * Has a function called whenever a file descriptor can be written, in place of the one before. For the
   * rest it is as {@linkcode EventLoop.addReader}.
   *
   * @typeParam A The types of the arguments.
   * @param fd The number of the descriptor.
   * @param callback The function, which runs as other callbacks of the loop do.
   * @param args What it is called with.
   * @throws {Deno.errors.NotSupported} On Windows, and without `--allow-ffi`.
   * @throws {Deno.errors.BadResource} If the descriptor is not open.
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.add_writer}
   */
  addWriter<A extends unknown[]>(
    fd: number,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    this.#watch("writer", fd, callback, args);
  }

  /**
   * Takes back what {@linkcode EventLoop.addWriter} asked for, also a call that waits for its turn.
   *
   * @param fd The number of the descriptor.
   * @returns Whether there was something to take back.
   * @see {@link https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.remove_writer}
   */
  removeWriter(fd: number): boolean {
    assertDescriptor("removeWriter", fd);
    return unwatch(schedulerOf(this.#self), "writer", fd);
  }

  #watch<A extends unknown[]>(
    direction: Direction,
    fd: number,
    callback: (...args: A) => unknown,
    args: A,
  ): void {
    const method = direction === "reader" ? "addReader" : "addWriter";
    assertCallback(this, method, callback);
    assertDescriptor(method, fd);
    const callable = callback as (...args: unknown[]) => unknown;
    watch(schedulerOf(this.#self), direction, fd, callable, args);
  }
}

function assertDescriptor(method: string, fd: unknown): void {
  if (typeof fd === "number") {
    assertInteger(`The descriptor of ${method}()`, fd, 0);
    return;
  }
  throw wrongType(
    `The descriptor of ${method}()`,
    "an integer (for what Deno opens, which has none, there are sockRecv() and connectReadPipe())",
    fd,
  );
}
