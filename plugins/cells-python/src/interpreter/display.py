"""The forms in which a value is shown: what it offers by `_repr_html_` and its sisters, and always plain text."""

import base64
import pprint
import sys

from .tracebacks import bounded

LONGEST = 100_000
"""Characters of a plain text; a longer one is shortened in its middle."""

OFFERED = [
    ("text/html", "_repr_html_"),
    ("text/markdown", "_repr_markdown_"),
    ("image/svg+xml", "_repr_svg_"),
    ("image/png", "_repr_png_"),
    ("image/jpeg", "_repr_jpeg_"),
    ("text/latex", "_repr_latex_"),
    ("application/json", "_repr_json_"),
]

adapters = []
"""Functions that may put something else in a value's place before it is shown, or return None."""


def forms(value):
    """A dictionary from MIME types to bytes; a form that fails is left out and said on standard error."""
    for adapt in adapters:
        other = adapt(value)
        if other is not None:
            value = other
            break
    found = {}
    bundle = _ask(value, "_repr_mimebundle_", include=None, exclude=None)
    if isinstance(bundle, tuple):
        bundle = bundle[0]
    for mime, data in (bundle or {}).items():
        _keep(found, mime, data)
    for mime, method in OFFERED:
        if mime not in found:
            _keep(found, mime, _ask(value, method))
    if "text/plain" not in found:
        found["text/plain"] = plain(value).encode("utf-8", "replace")
    return found


def plain(value):
    """The value's own text, with line breaks in large containers."""
    if type(value) in (dict, list, tuple, set, frozenset):
        return bounded(pprint.pformat(value, width=100, compact=True, sort_dicts=False), LONGEST)
    return bounded(repr(value), LONGEST)


def _ask(value, method, **arguments):
    if isinstance(value, type):
        return None
    function = getattr(type(value), method, None) or (hasattr(value, "__dict__") and vars(value).get(method))
    if not function:
        return None
    try:
        return getattr(value, method)(**arguments)
    except Exception as error:
        print(f"{method} of {type(value).__name__} failed: {type(error).__name__}: {error}", file=sys.stderr)
        return None


def _keep(found, mime, data):
    if isinstance(data, tuple):
        data = data[0]
    if data is None:
        return
    if isinstance(data, (dict, list)):
        import json

        data = json.dumps(data)
    if isinstance(data, str):
        if mime in ("image/png", "image/jpeg", "application/pdf"):
            data = base64.b64decode(data)
        else:
            data = data.encode("utf-8", "replace")
    found[mime] = bytes(data)
