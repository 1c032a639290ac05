# Copyright 2026 the asyncio for Deno authors. MIT license.
"""The servers of asyncio that compete: servers.py NAME; see bench/network/servers.ts."""

import asyncio
import json
import os
import resource
import ssl
import sys
import threading

import loops

BUFFER_SIZE = 64 * 1024
BULK = bytes(1024 * 1024)


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class BufferedEcho(asyncio.BufferedProtocol):
    def connection_made(self, transport):
        self.transport = transport
        self.buffer = memoryview(bytearray(BUFFER_SIZE))

    def get_buffer(self, sizehint):
        return self.buffer

    def buffer_updated(self, count):
        self.transport.write(self.buffer[:count])


class SendBulk(Echo):
    def data_received(self, data):
        self.transport.write(BULK)


async def echo_stream(reader, writer):
    while data := await reader.read(BUFFER_SIZE):
        writer.write(data)
        await writer.drain()
    writer.close()


async def echo_lines(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()


async def close_at_once(reader, writer):
    writer.close()


def protocol(factory):
    loop = asyncio.get_running_loop()
    return loop.create_server(factory, "127.0.0.1", 0, backlog=1024)


def streams(handle):
    return asyncio.start_server(handle, "127.0.0.1", 0, backlog=1024)


def tls():
    folder = os.path.join(os.path.dirname(__file__), "../../tests/certificates")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(f"{folder}/server.pem", f"{folder}/server.key")
    return context


SERVERS = {
    "asyncio streams, TLS": lambda: asyncio.start_server(
        echo_stream, "127.0.0.1", 0, backlog=1024, ssl=tls()
    ),
    "asyncio Protocol": lambda: protocol(Echo),
    "asyncio BufferedProtocol": lambda: protocol(BufferedEcho),
    "asyncio streams": lambda: streams(echo_stream),
    "asyncio streams, lines": lambda: streams(echo_lines),
    "asyncio streams, closing": lambda: streams(close_at_once),
    "asyncio Protocol, bulk": lambda: protocol(SendBulk),
}


def tell(loop, done):
    for _ in sys.stdin:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        busy = (usage.ru_utime + usage.ru_stime) * 1e6
        print(json.dumps({"busy": busy, "memory": 0, "peak": usage.ru_maxrss * 1024}), flush=True)
    loop.call_soon_threadsafe(done.set)


async def main():
    server = await SERVERS[sys.argv[1]]()
    print(server.sockets[0].getsockname()[1], flush=True)
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    threading.Thread(target=tell, args=(loop, done), daemon=True).start()
    await done.wait()


loops.run(main())
