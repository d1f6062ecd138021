"""Starts the kernel that `LACUNA_KERNEL_COMMAND` names (a JSON list of arguments; `{connection_file}` stands for the path)."""

import json
import os
import pathlib
import tempfile
import time

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

NAME = "lacuna-under-test"
TIMEOUT = 60


def install() -> None:
    """Makes the kernel known under `NAME`, in a folder that only this process looks into."""
    folder = tempfile.mkdtemp(prefix="lacuna-kernels-")
    os.environ["JUPYTER_PATH"] = folder
    os.environ["JUPYTER_DATA_DIR"] = folder
    os.environ["JUPYTER_RUNTIME_DIR"] = folder
    spec = pathlib.Path(folder, "kernels", NAME)
    spec.mkdir(parents=True)
    argv = json.loads(os.environ["LACUNA_KERNEL_COMMAND"])
    content = {"argv": argv, "display_name": NAME, "language": "python", "interrupt_mode": "message"}
    (spec / "kernel.json").write_text(json.dumps(content))


class Kernel:
    """A kernel with one client."""

    def __init__(self) -> None:
        self.manager = KernelManager(kernel_name=NAME, kernel_spec_manager=KernelSpecManager())
        self.manager.start_kernel()
        self.client = self.connect()

    def connect(self):
        """Another client, with channels of its own."""
        client = self.manager.client()
        client.session.session = os.urandom(16).hex()
        client.start_channels()
        client.wait_for_ready(timeout=TIMEOUT)
        return client

    @property
    def process(self):
        return self.manager.provisioner.process

    def memory(self) -> int:
        """Resident bytes at most so far."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError("the system does not say how much memory a process has")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.stop_channels()
        if self.manager.is_alive():
            self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


def run(client, code: str, timeout: float = TIMEOUT, **options):
    """Runs a cell; its reply, and everything about it on iopub up to `idle`."""
    identifier = client.execute(code, **options)
    return reply_to(client, identifier, timeout), shown_by(client, identifier, timeout)


def reply_to(client, identifier: str, timeout: float = TIMEOUT):
    end = time.monotonic() + timeout
    while True:
        message = client.get_shell_msg(timeout=max(0.01, end - time.monotonic()))
        if message["parent_header"].get("msg_id") == identifier:
            return message


def shown_by(client, identifier: str, timeout: float = TIMEOUT):
    end = time.monotonic() + timeout
    messages = []
    while True:
        message = client.get_iopub_msg(timeout=max(0.01, end - time.monotonic()))
        if message["parent_header"].get("msg_id") != identifier:
            continue
        messages.append(message)
        if message["content"].get("execution_state") == "idle":
            return messages


def text_of(messages, name: str = "stdout") -> str:
    return "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream" and m["content"]["name"] == name)
