"""Standard output and error of cells: what is printed reaches the notebook line by line, while the cell runs."""

import io
import sys

LARGEST = 256 * 1024
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


class redirected:
    """Puts streams in the place of `sys.stdout` and `sys.stderr`, and flushes them at the end."""

    def __init__(self, send_output, send_error):
        self.output, self.error = Stream("<stdout>", send_output), Stream("<stderr>", send_error)
        self.output._before, self.error._before = self.error, self.output

    def __enter__(self):
        self._kept = sys.stdout, sys.stderr, sys.displayhook
        sys.stdout, sys.stderr = self.output, self.error
        return self

    def __exit__(self, kind, _error, _trace):
        sys.stdout, sys.stderr, sys.displayhook = self._kept
        for stream in (self.output, self.error):
            try:
                stream.flush()
            except BaseException:
                # The cell's own exception says more than that its last words could not be shown.
                if kind is None:
                    raise
            finally:
                stream.drop()
        return False
