"""A perturbation that tries what no plugin gets, as its parameter `misbehaviour` says, in every use of `apply`.

What it learns it says in a message, so that a test can compare.
"""

import asyncio
import encodings.idna  # noqa: F401: what names of hosts are written in
import os
import random
import secrets
import select
import socket
import sys
import time
import traceback

import operators  # noqa: F401: adds `+ - * /` to tensors
from wit_world import exports
from wit_world.exports.description import ChoiceOptions, Kind_Choice, Parameter, PluginInfo
from wit_world.imports import log


def say(what):
    log.message(log.Level.INFO, str(what))


def refused(act):
    """What an act ends with: its result, or the name of its error."""
    try:
        return repr(act())
    except Exception as error:
        return type(error).__name__


def files():
    say("read " + refused(lambda: open("/etc/passwd").read()))
    say("write " + refused(lambda: open("/tmp/lacuna", "w")))
    say("list " + refused(lambda: os.listdir("/")))
    say("stat " + refused(lambda: os.stat("/")))
    say("remove " + refused(lambda: os.remove("lacuna")))
    say("stdin " + refused(lambda: sys.stdin.read()))


def environment():
    say(f"environment {dict(os.environ)}")
    say(f"arguments {sys.argv[1:]}")
    say("folder " + refused(os.getcwd))


def clock():
    say(f"clock {time.time()} {time.time_ns()} {time.monotonic()} {time.perf_counter()}")


def draw():
    say(f"drawn {os.urandom(8).hex()} {secrets.token_hex(8)} {random.random()} {random.SystemRandom().random()}")
    say(f"hash {hash('lacuna')}")


def network():
    say("socket " + refused(lambda: socket.create_connection(("127.0.0.1", 80), timeout=1)))
    say("udp " + refused(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)))
    say("name " + refused(lambda: socket.getaddrinfo("example.org", 80)))


def sleep():
    time.sleep(3600)
    select.select([], [], [], 3600)
    say("slept")


def loop_of_events():
    asyncio.run(asyncio.sleep(3600))


def process():
    say("system " + refused(lambda: os.system("true")))
    say("fork " + refused(lambda: os.fork()))


def hoard():
    held = []
    while sum(map(len, held)) < 4 << 30:
        held.append(bytearray(16 << 20))


def hoard_and_go_on():
    say("memory " + refused(hoard))


def endless_loop():
    while True:
        pass


def failure():
    return {}["a key that is not there"]


def recursion(depth=0):
    return recursion(depth + 1) + 1


def recursion_and_go_on():
    say("recursion " + refused(recursion))


def chatter():
    for line in range(100_000):
        print(line, "x" * 100)
    print("y" * 10_000_000)


def streams():
    print("to the output")
    print("to the error", file=sys.stderr)
    sys.stdout.flush()


def traced():
    try:
        failure()
    except KeyError:
        say(traceback.format_exc().splitlines()[-1])


def leave():
    sys.exit(3)


def leave_at_once():
    os._exit(3)


MISBEHAVIOURS = {
    "none": lambda: None,
    "files": files,
    "environment": environment,
    "clock": clock,
    "draw": draw,
    "network": network,
    "sleep": sleep,
    "loop-of-events": loop_of_events,
    "process": process,
    "hoard": hoard,
    "hoard-and-go-on": hoard_and_go_on,
    "endless-loop": endless_loop,
    "failure": failure,
    "recursion": recursion,
    "recursion-and-go-on": recursion_and_go_on,
    "chatter": chatter,
    "streams": streams,
    "traced": traced,
    "leave": leave,
    "leave-at-once": leave_at_once,
}


class Description(exports.Description):
    def describe(self):
        kind = Kind_Choice(ChoiceOptions(default="none", options=list(MISBEHAVIOURS)))
        misbehaviour = Parameter(name="misbehaviour", summary="What it does", kind=kind, unit="", source="")
        return PluginInfo(
            name="python-hostile", version="0.1.0", summary="Misbehaves", needs=[], parameters=[misbehaviour], presets=[]
        )


class Perturbations(exports.Perturbations):
    def create(self, images, settings, seed):
        return Perturbation(images.share(), settings[0].value.value)


class Perturbation(exports.perturbations.Perturbation):
    def __init__(self, images, misbehaviour):
        self.images, self.misbehaviour = images, misbehaviour

    def apply(self, mask):
        MISBEHAVIOURS[self.misbehaviour]()
        return self.images * mask
