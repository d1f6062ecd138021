"""Interrupt, restart, shutdown, heartbeats, and the end of the process that started the kernel."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import cells
import kernel
import zmq
from jupyter_client.connect import write_connection_file
from jupyter_client.manager import KernelManager

kernel.install()


def wait_until(condition, seconds: float, what: str) -> float:
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, what
        time.sleep(0.01)
    return time.monotonic() - start


def spin(k):
    """Starts a cell that ends only by an interrupt."""
    identifier = k.client.execute(cells.SPIN)
    while True:
        message = k.client.get_iopub_msg(timeout=kernel.TIMEOUT)
        if message["msg_type"] == "execute_input" and message["parent_header"]["msg_id"] == identifier:
            time.sleep(0.2)
            return identifier


def test_interrupt_keeps_state_and_is_answered_at_once():
    with kernel.Kernel() as k:
        kernel.run(k.client, cells.ASSIGN)
        # Nothing runs: nothing is interrupted, now or later.
        k.manager.interrupt_kernel()
        assert kernel.run(k.client, cells.TRIVIAL)[0]["content"]["status"] == "ok"
        for how in [k.manager.interrupt_kernel, lambda: os.kill(k.process.pid, signal.SIGINT)]:
            identifier = spin(k)
            waiting = k.client.execute(cells.HELLO)
            start = time.monotonic()
            how()
            reply = kernel.reply_to(k.client, identifier)["content"]
            print(f"interrupted after {1000 * (time.monotonic() - start):.0f} ms")
            assert (reply["status"], reply["ename"]) == ("error", "KeyboardInterrupt")
            assert kernel.reply_to(k.client, waiting)["content"]["status"] == "aborted"
            _, shown = kernel.run(k.client, cells.ASSIGNED)
            assert [m["content"]["data"] for m in shown if m["msg_type"] == "execute_result"] == [{"text/plain": "42"}]


def test_heartbeats_and_control_while_a_cell_computes():
    with kernel.Kernel() as k:
        identifier = spin(k)
        socket = zmq.Context.instance().socket(zmq.REQ)
        socket.connect(f"tcp://127.0.0.1:{k.manager.hb_port}")
        times = []
        end = time.monotonic() + 8
        while time.monotonic() < end:
            start = time.monotonic()
            socket.send(b"ping")
            assert socket.poll(2000), "no heartbeat for two seconds"
            assert socket.recv() == b"ping"
            times.append(time.monotonic() - start)
            time.sleep(0.05)
        socket.close(0)
        print(f"{len(times)} heartbeats, the slowest took {1000 * max(times):.0f} ms")
        # The control channel tells of the kernel, too.
        message = k.client.session.send(k.client.control_channel.socket, "kernel_info_request", {})
        reply = k.client.get_control_msg(timeout=2)
        assert reply["parent_header"]["msg_id"] == message["header"]["msg_id"]
        k.manager.interrupt_kernel()
        assert kernel.reply_to(k.client, identifier)["content"]["ename"] == "KeyboardInterrupt"


def test_restart_forgets():
    with kernel.Kernel() as k:
        kernel.run(k.client, cells.ASSIGN)
        k.manager.restart_kernel(now=False)
        k.client.wait_for_ready(timeout=kernel.TIMEOUT)
        reply, _ = kernel.run(k.client, cells.ASSIGNED)
        assert (reply["content"]["ename"], reply["content"]["execution_count"]) == ("NameError", 1)


def test_shutdown_on_either_channel_and_while_a_cell_runs():
    for restart in [False, True]:
        with kernel.Kernel() as k:
            message = k.client.session.send(k.client.control_channel.socket, "shutdown_request", {"restart": restart})
            reply = k.client.get_control_msg(timeout=5)["content"]
            assert reply == {"status": "ok", "restart": restart}
            shown = kernel.shown_by(k.client, message["header"]["msg_id"])
            assert "shutdown_reply" in [m["msg_type"] for m in shown]
            wait_until(lambda: k.process.poll() is not None, 2, "the process goes on")
            assert k.process.poll() == 0
    with kernel.Kernel() as k:
        message = k.client.session.send(k.client.shell_channel.socket, "shutdown_request", {"restart": False})
        assert kernel.reply_to(k.client, message["header"]["msg_id"])["content"] == {"status": "ok", "restart": False}
        wait_until(lambda: k.process.poll() is not None, 2, "the process goes on")
    with kernel.Kernel() as k:
        identifier = spin(k)
        k.client.session.send(k.client.control_channel.socket, "shutdown_request", {"restart": False})
        assert kernel.reply_to(k.client, identifier)["content"]["ename"] == "KeyboardInterrupt"
        wait_until(lambda: k.process.poll() is not None, 5, "the process goes on")
    with kernel.Kernel() as k:
        os.kill(k.process.pid, signal.SIGTERM)
        wait_until(lambda: k.process.poll() is not None, 2, "the process goes on")
        assert k.process.poll() == 0


def test_the_first_answer_comes_soon():
    start = time.monotonic()
    manager = KernelManager(kernel_name=kernel.NAME)
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    assert kernel.reply_to(client, client.execute(cells.TRIVIAL))["content"]["status"] == "ok"
    seconds = time.monotonic() - start
    print(f"start to the first answer: {1000 * seconds:.0f} ms")
    assert seconds < 1
    client.stop_channels()
    manager.shutdown_kernel()


STARTER = """
import os, subprocess, sys, json
environment = dict(os.environ, JPY_PARENT_PID=str(os.getpid()))
process = subprocess.Popen(json.loads(sys.argv[1]), env=environment, start_new_session=True)
print(process.pid, flush=True)
sys.stdin.read()
"""


def test_a_kernel_ends_with_its_parent():
    file, _ = write_connection_file(key=b"a key")
    argv = [part.replace("{connection_file}", file) for part in json.loads(os.environ["LACUNA_KERNEL_COMMAND"])]
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, json.dumps(argv)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    pid = int(starter.stdout.readline())
    time.sleep(1.5)
    assert running(pid)
    starter.kill()
    starter.wait()
    wait_until(lambda: not running(pid), 5, "the kernel outlives its parent")
    os.unlink(file)


def running(pid: int) -> bool:
    """A process that ended and waits for its parent's attention does not run."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
