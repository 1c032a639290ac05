# Copyright 2026 the asyncio for Deno authors. MIT license.
"""Prints the public names of this interpreter's asyncio, one a line; methods as `Class.method`.

A member is listed with the class that has it first, not with those that derive from it.
"""

import asyncio
import asyncio.subprocess
import inspect

# What the documentation calls them.
SPOKEN = {"AbstractEventLoop": "loop", "AbstractServer": "Server"}
CLASSES = {
    name: getattr(asyncio, name)
    for name in asyncio.__all__
    if inspect.isclass(getattr(asyncio, name))
}
CLASSES["Process"] = asyncio.subprocess.Process


def origin(name, member):
    """The name of the class that `CLASSES[name]` has a member from, if that is one of asyncio's."""
    having = [
        base
        for base in inspect.getmro(CLASSES[name])
        if member in vars(base) and base.__module__.lstrip("_").startswith("asyncio")
    ]
    if not having:
        return None
    first = having[-1].__name__
    first = first if first in CLASSES else name
    return SPOKEN.get(first, first)


names = {*asyncio.__all__, "DEVNULL", "PIPE", "Process", "STDOUT"}
for name, cls in CLASSES.items():
    for member in dir(cls):
        first = None if member.startswith("_") else origin(name, member)
        if first is not None:
            names.add(f"{first}.{member}")
print("\n".join(sorted(names)))
