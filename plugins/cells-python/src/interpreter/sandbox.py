"""What a sandbox has none of says so in one line, instead of failing somewhere deep in a library."""

import _datetime
import _socket
import asyncio
import builtins
import datetime
import importlib.abc
import io
import os
import socket
import subprocess
import sys
import threading
import time

from lacuna.errors import SandboxError

from . import sources

FILES = (
    'cells have no files: images and models come by name, image("name"), from what the notebook\'s lacuna.toml opens'
)
NETWORK = "cells have no network, and no grant gives them one"
PROCESSES = "cells start no processes, and no grant lets them"
THREADS = "cells have one thread, and no grant gives them another"
CLOCK = "cells have no clock, and no grant gives them one: an explanation says how long it took as `.seconds`"
SLEEP = "cells cannot wait: their clock stands still, and no grant moves it"
LOOP = "cells have no event loop, since there is nothing to wait for: call functions one after another"
INPUT = "cells have no standard input: write the value into the cell"
LEAVING = "a cell cannot end the kernel: restart it from the notebook's menu"
NO_PACKAGE = "cells have the pure standard library and `lacuna`; `{}` is not built in, and no grant adds it"

INSTEAD = {
    "numpy": "tensors have operators, slices and `.mean()` as NumPy's arrays have",
    "torch": "tensors have operators and gradients: `track`, `backward`",
    "matplotlib": "`show(...)` draws images, maps and explanations",
    "PIL": "`image(name)` opens pictures, `show(...)` draws them",
    "pandas": "`methods()` and lists of results show themselves as tables",
    "IPython": "`show(...)`, `HTML(...)` and `Markdown(...)` show things",
    "ctypes": "no grant gives cells native code",
    "multiprocessing": "cells start no processes, and no grant lets them",
}


def refuse(text, kind=SandboxError):
    """A function that refuses whatever it is called with."""

    def refused(*_arguments, **_keywords):
        raise kind(text)

    return refused


def close(depth):
    """Puts refusals in the place of what is not there, and bounds the depth of calls. Called once, while the component is built."""
    sys.setrecursionlimit(depth)
    sys.setrecursionlimit = _up_to(depth, sys.setrecursionlimit)
    builtins.open = io.open = refuse(FILES)
    asyncio.run = asyncio.new_event_loop = asyncio.events.new_event_loop = refuse(LOOP)
    builtins.input = refuse(INPUT)
    for name in ("exit", "quit"):
        setattr(builtins, name, refuse(LEAVING, SystemExit))
    for name in (
        "open",
        "listdir",
        "scandir",
        "mkdir",
        "makedirs",
        "remove",
        "unlink",
        "rename",
        "rmdir",
        "chdir",
        "getcwd",
        "walk",
    ):
        setattr(os, name, _only_for_cells(getattr(os, name, None), FILES))
    for name in ("system", "popen", "fork", "execv", "execve", "spawnv", "kill", "_exit", "abort"):
        if name in ("system", "popen", "_exit", "abort") or hasattr(os, name):
            setattr(os, name, refuse(LEAVING if name in ("_exit", "abort") else PROCESSES))
    subprocess.Popen.__init__ = refuse(PROCESSES)
    subprocess.Popen.__del__ = lambda _self, **_keywords: None
    socket.socket.__init__ = refuse(NETWORK)
    socket.create_connection = socket.getaddrinfo = socket.gethostbyname = refuse(NETWORK)
    threading.Thread.start = refuse(THREADS)
    for name in (
        "time",
        "time_ns",
        "monotonic",
        "monotonic_ns",
        "perf_counter",
        "perf_counter_ns",
        "process_time",
        "localtime",
        "gmtime",
        "ctime",
        "asctime",
    ):
        setattr(time, name, _only_for_cells(getattr(time, name, None), CLOCK, when=_asks_now))
    time.sleep = refuse(SLEEP)
    datetime.datetime = _dated(datetime.datetime, ("now", "utcnow", "today"))
    datetime.date = _dated(datetime.date, ("today",))
    _datetime.datetime, _datetime.date = datetime.datetime, datetime.date
    _socket.socket = refuse(NETWORK)
    sys.stdin = _Input()
    sys.meta_path.append(Absent())


class _Input(io.TextIOBase):
    """Standard input, of which there is none."""

    read = readline = readlines = __next__ = refuse(INPUT)

    def readable(self):
        return True


def _up_to(depth, set_limit):
    def setrecursionlimit(limit, /):
        if limit > depth:
            raise SandboxError(
                f"the stack of cells bears {depth} calls inside each other, and no grant gives more: use a loop"
            )
        set_limit(limit)

    return setrecursionlimit


def _asks_now(arguments):
    return not arguments


def _only_for_cells(function, text, when=lambda _arguments: True):
    """Refuses cells; libraries, which ask the clock for the date of a message, get what there is."""

    def guarded(*arguments, **keywords):
        if function is None or (when(arguments) and not sources.is_library(sys._getframe(1).f_code.co_filename)):
            raise SandboxError(text)
        return function(*arguments, **keywords)

    guarded.__name__ = getattr(function, "__name__", "guarded")
    guarded.__doc__ = text
    return guarded


def _dated(kind, names):
    refusals = {name: classmethod(refuse(CLOCK)) for name in names}
    members = {"__module__": "datetime", "__doc__": kind.__doc__, "__slots__": (), **refusals}
    members["__repr__"] = lambda date: "datetime." + kind.__repr__(date).removeprefix("datetime.")
    # Dates that the C code makes are of the old class: both are the same to isinstance.
    meta = type("type", (type,), {"__instancecheck__": lambda _new, value: isinstance(value, kind)})
    return meta(kind.__name__, (kind,), members)


class Absent(importlib.abc.MetaPathFinder):
    """Stands last: what nobody else found is not built in."""

    def find_spec(self, name, path=None, target=None):
        if not _asked_by_cell():
            return None
        top = name.partition(".")[0]
        text = NO_PACKAGE.format(name)
        raise ModuleNotFoundError(f"{text}: {INSTEAD[top]}" if top in INSTEAD else text, name=name)


def _asked_by_cell():
    """Whether an import statement of a cell is under way, and not one of a library that has another way."""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if not sources.is_library(name):
            return True
        if "importlib" not in name and not name.startswith("<frozen"):
            return False
        frame = frame.f_back
    return False
