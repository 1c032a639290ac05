# Copyright 2026 the asyncio for Deno authors. MIT license.
"""Plays scenarios with asyncio's subprocess transports, and prints what their protocols saw."""

import asyncio
import json
import signal
import sys

KINDS = {
    "ArithmeticError": "Boom",
    "BrokenPipeError": "BrokenPipe",
    "ProcessLookupError": "NotFound",
}


def kind_of(error):
    name = type(error).__name__
    return KINDS.get(name, name)


class Player(asyncio.SubprocessProtocol):
    def __init__(self, hooks):
        self.hooks = hooks
        self.outputs = [b"", b"", b""]
        self.seen = set()
        self.events = []
        self.waiting = None

    def happened(self, event):
        if event not in self.seen or not event.startswith("data"):
            self.events.append(event)
        self.seen.add(event)
        if self.waiting is not None and self.waiting[0] == event:
            self.waiting[1].set_result(None)
            self.waiting = None
        for action in self.hooks.get(event, []):
            if action == "throw":
                raise ArithmeticError("boom")
            self.act(action)

    async def wait(self, event):
        if event not in self.seen:
            waiter = asyncio.get_running_loop().create_future()
            self.waiting = event, waiter
            await waiter

    def act(self, action):
        transport = self.transport
        stdin = transport.get_pipe_transport(0)
        stdout = transport.get_pipe_transport(1)
        methods = {
            "line": lambda: stdin.write(b"line\n"),
            "much": lambda: stdin.write(b"x" * 8_000_000 + b"\n"),
            "close stdin": lambda: stdin.close(),
            "abort stdin": lambda: stdin.abort(),
            "close stdout": lambda: stdout.close(),
            "pause stdout": lambda: stdout.pause_reading(),
            "resume stdout": lambda: stdout.resume_reading(),
            "is stdin closing": lambda: stdin.is_closing(),
            "is stdout closing": lambda: stdout.is_closing(),
            "no such pipe": lambda: transport.get_pipe_transport(3) is None,
            "close": transport.close,
            "kill": transport.kill,
            "terminate": transport.terminate,
            "hang up": lambda: transport.send_signal(signal.SIGHUP),
            "code": lambda: [transport.get_returncode()],
            "is closing": transport.is_closing,
        }
        try:
            result = methods[action]()
        except Exception as error:
            self.events.append(f"{action}: {kind_of(error)}")
        else:
            self.events.append(
                action
                if result is None
                else f"{action}: {json.dumps(result)}"
            )

    def connection_made(self, transport):
        self.transport = transport
        self.happened("made")

    def pipe_data_received(self, fd, data):
        self.outputs[fd] += data
        self.happened(f"data {fd}")

    def pipe_connection_lost(self, fd, error):
        self.happened(f"lost {fd}" if error is None else f"lost {fd}: {kind_of(error)}")

    def pause_writing(self):
        self.happened("pause writing")

    def resume_writing(self):
        self.happened("resume writing")

    def process_exited(self):
        self.happened("exited")

    def connection_lost(self, error):
        self.happened("lost" if error is None else f"lost: {kind_of(error)}")


async def play(scenario):
    loop = asyncio.get_running_loop()
    reports = []
    loop.set_exception_handler(
        lambda _, context: reports.append(kind_of(context["exception"]))
    )
    streams = {
        name: asyncio.subprocess.PIPE if name in scenario["pipes"] else None
        for name in ("stdin", "stdout", "stderr")
    }
    _, player = await loop.subprocess_shell(
        lambda: Player(scenario["hooks"]), scenario["command"], **streams
    )
    for step in scenario["steps"]:
        if step.startswith("wait "):
            await player.wait(step.removeprefix("wait "))
        else:
            player.act(step)
    await player.wait("lost")
    outputs = [len(output) for output in player.outputs]
    return player.events + [outputs] + [f"reported: {report}" for report in reports]


async def main():
    print(json.dumps([await play(each) for each in json.load(sys.stdin)]))


asyncio.run(main())
