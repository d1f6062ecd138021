"""Standard output and error of cells: what is printed reaches the notebook line by line, while the cell runs."""

import contextlib
import io
import sys

LARGEST = 8 * 1024
"""Characters that are held back at most while no line ends, and the most that cross in one call."""


class Stream(io.TextIOBase):
    """Holds text until a line ends, then hands it to `send`."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, name, send, before=None):
        self.name, self._send, self._before = name, send, before
        self._held, self._length = [], 0

    def writable(self):
        return True

    def isatty(self):
        return False

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if text:
            self._held.append(text)
            self._length += len(text)
            if "\n" in text or self._length > LARGEST:
                self.flush()
        return len(text)

    def flush(self):
        held, self._held, self._length = self._held, [], 0
        if not held:
            return
        if self._before is not None:
            self._before.flush()
        text = "".join(held)
        for start in range(0, len(text), LARGEST):
            self._send(text[start : start + LARGEST].encode("utf-8", "replace").decode("utf-8"))

    def drop(self):
        """Forgets what is held back."""
        self._held, self._length = [], 0


@contextlib.contextmanager
def redirected(send_output, send_error):
    """Puts streams in the place of `sys.stdout` and `sys.stderr`, and flushes them at the end."""
    output, error = Stream("<stdout>", send_output), Stream("<stderr>", send_error)
    output._before, error._before = error, output
    kept = sys.stdout, sys.stderr, sys.displayhook
    sys.stdout, sys.stderr = output, error
    try:
        yield
        output.flush()
        error.flush()
    except BaseException:
        for stream in (output, error):
            with contextlib.suppress(BaseException):
                stream.flush()
            stream.drop()
        raise
    finally:
        sys.stdout, sys.stderr, sys.displayhook = kept
