# Copyright 2026 the asyncio for Deno authors. MIT license.
"""Plays scenarios with asyncio's transports, and prints what their protocols saw."""

import asyncio
import json
import sys

BIG = b"x" * 8_000_000
KINDS = {
    "RuntimeError": "RuntimeError",
    "TypeError": "TypeError",
    "ValueError": "RangeError",
    "ArithmeticError": "Boom",
}


def kind_of(error):
    name = type(error).__name__
    return KINDS.get(name, name)


class Player(asyncio.Protocol):
    def __init__(self, hooks):
        self.hooks = hooks
        self.events = []
        self.lost = asyncio.get_running_loop().create_future()

    def happened(self, event):
        self.events.append(event)
        for action in self.hooks.get(event, []):
            if action == "throw":
                raise ArithmeticError("boom")
            self.act(action)

    def act(self, action):
        transport = self.transport
        methods = {
            "write": lambda: transport.write(b"x"),
            "write nothing": lambda: transport.write(b""),
            "write much": lambda: transport.write(BIG),
            "write None": lambda: transport.write(None),
            "writelines": lambda: transport.writelines([b"x", b"y"]),
            "write eof": transport.write_eof,
            "close": transport.close,
            "abort": transport.abort,
            "pause": transport.pause_reading,
            "resume": transport.resume_reading,
            "is closing": transport.is_closing,
            "is reading": transport.is_reading,
            "can write eof": transport.can_write_eof,
            "is empty": lambda: transport.get_write_buffer_size() == 0,
            "keep open": lambda: None,
        }
        try:
            if action.startswith("limits"):
                limits = json.loads(action.removeprefix("limits"))
                transport.set_write_buffer_limits(*limits)
                result = list(transport.get_write_buffer_limits())
            else:
                result = methods[action]()
        except Exception as error:
            self.events.append(f"{action}: {kind_of(error)}")
        else:
            self.events.append(
                action if result is None else f"{action}: {json.dumps(result, separators=(',', ':'))}"
            )

    def connection_made(self, transport):
        self.transport = transport
        self.happened("made")

    def data_received(self, data):
        self.happened("data")

    def eof_received(self):
        self.happened("eof")
        return "keep open" in self.hooks.get("eof", [])

    def pause_writing(self):
        self.happened("pause writing")

    def resume_writing(self):
        self.happened("resume writing")

    def connection_lost(self, error):
        if not self.lost.done():
            self.lost.set_result(None)
        self.happened("lost" if error is None else f"lost: {kind_of(error)}")


async def serve(reader, writer, greeting):
    if greeting is not None:
        writer.write(greeting.encode())
        writer.write_eof()
    await reader.read()
    writer.close()


async def play(scenario):
    loop = asyncio.get_running_loop()
    reports = []
    loop.set_exception_handler(
        lambda _, context: reports.append(kind_of(context["exception"]))
    )
    server = await asyncio.start_server(
        lambda *streams: serve(*streams, scenario["greeting"]), "127.0.0.1", 0
    )
    _, player = await loop.create_connection(
        lambda: Player(scenario["hooks"]), *server.sockets[0].getsockname()
    )
    for step in scenario["steps"]:
        if step == "turns":
            for _ in range(20):
                await asyncio.sleep(0)
        else:
            player.act(step)
    await player.lost
    server.close()
    await server.wait_closed()
    return player.events + [f"reported: {report}" for report in reports]


async def main():
    print(json.dumps([await play(each) for each in json.load(sys.stdin)]))


asyncio.run(main())
