"""The text of a tensor: its shape, and its numbers where they are few and may be read."""

import math

MOST = 100
"""Numbers that are shown."""


def text(tensor):
    """`Tensor(3, [0.25, 1, -2.5])`; without numbers where there are more than 100, or reading them is not granted."""
    head = f"Tensor({' x '.join(map(str, tensor.shape))}"
    numbers = _numbers(tensor)
    return f"{head})" if numbers is None else f"{head}, {_listed(numbers, len(head) + 2)})"


def _numbers(tensor):
    if tensor.size > MOST:
        return None
    try:
        return tensor.tolist()
    except Exception:  # Whatever the host has against it: a text is no place for an error.
        return None


def _listed(numbers, indent):
    """Numbers in lists inside each other, one row a line."""
    if not isinstance(numbers[0], list):
        return f"[{', '.join(map(_written, numbers))}]"
    rows = [_listed(row, indent + 1) for row in numbers]
    return f"[{(',' + chr(10) + ' ' * (indent + 1)).join(rows)}]"


def _written(number):
    """Four digits, or all of a whole number."""
    if math.isfinite(number) and number == int(number) and abs(number) < 1e7:
        return str(int(number))
    return f"{number:.4g}"
