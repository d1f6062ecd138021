"""Wrong and replayed signatures, damaged messages, clients that vanish or sleep, and printing without end."""

import json
import os
import socket as sockets
import subprocess
import time

import cells
import kernel
import pytest
import zmq

kernel.install()


@pytest.fixture
def k():
    with kernel.Kernel() as running:
        yield running


def dealer(k, channel: str = "shell"):
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.connect(f"tcp://127.0.0.1:{getattr(k.manager, channel + '_port')}")
    return socket


def frames(client, code: str, kind: str = "execute_request"):
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    return client.session.serialize(client.session.msg(kind, content))


def still_works(k):
    reply, shown = kernel.run(k.client, cells.HELLO)
    assert reply["content"]["status"] == "ok" and kernel.text_of(shown) == "hello, world\n"


@pytest.mark.parametrize("channel", ["shell", "control"])
def test_wrong_signatures_are_dropped(k, channel):
    socket = dealer(k, channel)
    right = frames(k.client, cells.TRIVIAL, "kernel_info_request")
    at = right.index(b"<IDS|MSG>") + 1
    for wrong in [b"", b"0" * 64, right[at][:-1], right[at].upper(), b"\xff" * 64]:
        message = list(right)
        message[at] = wrong
        socket.send_multipart(message)
    tampered = list(right)
    tampered[at + 4] = b'{"code": "2"}'
    socket.send_multipart(tampered)
    assert not socket.poll(500)
    socket.send_multipart(right)
    assert socket.poll(2000), "the right one is taken"
    socket.close(0)
    still_works(k)


def test_a_replay_is_dropped(k):
    socket = dealer(k)
    message = frames(k.client, "6 * 7")
    socket.send_multipart(message)
    assert socket.poll(2000) and socket.recv_multipart()
    socket.send_multipart(message)
    other = dealer(k)
    other.send_multipart(message)
    control = dealer(k, "control")
    control.send_multipart(frames(k.client, "", "kernel_info_request"))
    assert control.poll(2000)
    assert not socket.poll(500) and not other.poll(1)
    for each in [socket, other, control]:
        each.close(0)
    still_works(k)


def test_damaged_messages_change_nothing(k):
    key = k.client.session
    for channel in ["shell", "control", "stdin"]:
        socket = dealer(k, channel)
        for parts in [[b""], [b"<IDS|MSG>"], [b"<IDS|MSG>", b"x"], [b"a"] * 100, [os.urandom(1000)]]:
            socket.send_multipart(parts)
        for signed in [[b"", b"", b"", b""], [b"{}"] * 4, [b"[]"] * 4, [b'{"msg_id": "1"}', b"{}", b"{}", b"{}"],
                       [b'{"msg_id": "1", "msg_type": "execute_request"}', b"\xff", b"{", b"\xff"],
                       [b'{"msg_id": "2", "msg_type": "execute_request"}', b"{}", b"{}", b"[" * 100_000]]:
            socket.send_multipart([b"<IDS|MSG>", key.sign(signed), *signed])
        time.sleep(0.2)
        socket.close(0)
    for port in [k.manager.shell_port, k.manager.iopub_port, k.manager.hb_port, k.manager.control_port]:
        for data in [b"", b"GET / HTTP/1.1\r\n\r\n", b"\xff" + b"\0" * 8 + b"\x7f\x03\0NULL" + b"\0" * 48 + b"\x06\xff" * 9,
                     os.urandom(100)]:
            with sockets.create_connection(("127.0.0.1", port)) as raw:
                raw.sendall(data)
    still_works(k)


def test_two_clients_get_their_own_replies_and_see_everything(k):
    first, second = k.client, k.connect()
    ours = [(client, client.execute(f"{number} * 7")) for number in range(10) for client in [first, second]]
    for client, identifier in ours:
        assert kernel.reply_to(client, identifier)["content"]["status"] == "ok"
    for client in [first, second]:
        waited = {identifier for _, identifier in ours}
        while waited:
            message = client.get_iopub_msg(timeout=kernel.TIMEOUT)
            if message["content"].get("execution_state") == "idle":
                waited.discard(message["parent_header"]["msg_id"])
    second.stop_channels()
    still_works(k)


def test_a_client_that_vanishes_in_mid_cell(k):
    other = k.connect()
    other.execute(cells.PRINT_100_MB)
    time.sleep(0.05)
    for channel in [other.shell_channel, other.iopub_channel, other.control_channel, other.stdin_channel]:
        channel.socket.close(0)
    still_works(k)
    spinning = k.connect()
    spinning.execute(cells.SPIN)
    time.sleep(0.3)
    spinning.stop_channels()
    k.manager.interrupt_kernel()
    # What comes in the same moment waits behind the cell that failed, and would be aborted with it.
    time.sleep(0.3)
    still_works(k)


def printed(k, code: str) -> tuple[int, str]:
    """Runs a cell. Counts what it prints, without keeping it, and keeps what comes on standard error."""
    identifier = k.client.execute(code)
    length, told = 0, ""
    while True:
        message = k.client.get_iopub_msg(timeout=kernel.TIMEOUT)
        if message["msg_type"] == "stream" and message["content"]["name"] == "stderr":
            told += message["content"]["text"]
        elif message["msg_type"] == "stream":
            length += len(message["content"]["text"])
        elif message["content"].get("execution_state") == "idle" and message["parent_header"]["msg_id"] == identifier:
            kernel.reply_to(k.client, identifier)
            return length, told


@pytest.mark.parametrize("code, size", [(cells.PRINT_100_MB, 100_001_000), (cells.PRINT_100_MB_IN_LINES, 101_000_000)])
def test_100_mb_of_printing_arrive_and_memory_is_bounded(k, code, size):
    kernel.run(k.client, cells.TRIVIAL)
    before = k.memory()
    start = time.monotonic()
    assert printed(k, code) == (size, "")
    grown = (k.memory() - before) / 2**20
    print(f"100 MB in {time.monotonic() - start:.1f} s; the kernel grew by {grown:.0f} MB")
    assert grown < 80
    still_works(k)


def test_a_client_that_sleeps_holds_up_nobody(k):
    """It subscribes and reads nothing, while a gigabyte is printed."""
    with sockets.create_connection(("127.0.0.1", k.manager.iopub_port)) as sleeper:
        greeting = b"\xff" + b"\0" * 8 + b"\x7f\x03\0NULL" + b"\0" * 48
        ready = b"\x05READY\x0bSocket-Type\0\0\0\x03SUB"
        sleeper.sendall(greeting + bytes([4, len(ready)]) + ready + b"\0\x01\x01")
        time.sleep(0.2)
        before = k.memory()
        start = time.monotonic()
        length, told = printed(k, cells.PRINT_1_GB)
        assert length == 1_000_010_000 and "did not reach it" in told
        grown = (k.memory() - before) / 2**20
        print(f"1 GB in {time.monotonic() - start:.1f} s; the kernel grew by {grown:.0f} MB")
        assert grown < 120
        still_works(k)


def test_the_connection_file_is_read_with_care(tmp_path):
    command = json.loads(os.environ["LACUNA_KERNEL_COMMAND"])
    right = {"ip": "127.0.0.1", "transport": "tcp", "signature_scheme": "hmac-sha256", "key": "k"}
    right |= {f"{name}_port": 0 for name in ["shell", "control", "iopub", "stdin", "hb"]}
    for name, content in [
        ("no JSON", "{"),
        ("no key", json.dumps(right | {"key": ""})),
        ("another transport", json.dumps(right | {"transport": "ipc"})),
        ("another scheme", json.dumps(right | {"signature_scheme": "hmac-md5"})),
        ("no address of this machine", json.dumps(right | {"ip": "192.0.2.1"})),
    ]:
        file = tmp_path / "connection.json"
        file.write_text(content)
        argv = [part.replace("{connection_file}", str(file)) for part in command]
        ended = subprocess.run(argv, capture_output=True, text=True, timeout=30)
        assert ended.returncode != 0 and ended.stderr.strip(), name
        assert "panicked" not in ended.stderr, name
