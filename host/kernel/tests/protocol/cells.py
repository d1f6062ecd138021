"""The cells that the tests send: Python that any kernel for Python can run, and that the toy of `examples/echo.rs` knows by text."""

HELLO = 'print("hello, world")'
ERROR_STREAM = 'import sys\nprint("a warning", file=sys.stderr)'
FAILURE = "1 / 0"
RESULTS = [
    {"code": "6 * 7", "result": "42"},
    {"code": '"a text"', "result": "'a text'"},
]
SPIN = "while True:\n    pass"
ASSIGN = "kept = 41"
ASSIGNED = "kept + 1"
UNDEFINED = "missing_name"
TRIVIAL = "1"
INPUT = 'input("your name? ")'
PRINT_20_MB = 'print("x" * 20_000_000)'
PRINT_100_MB = 'for _ in range(1_000):\n    print("x" * 100_000)'
PRINT_100_MB_IN_LINES = 'for _ in range(1_000_000):\n    print("x" * 100)'
PRINT_1_GB = 'for _ in range(10_000):\n    print("x" * 100_000)'


def drawn(kind: str, body: str, show: bool = False) -> str:
    """A cell whose last line is an object with a picture of that kind, or shows it."""
    last = "show(Drawn())" if show else "Drawn()"
    return f"class Drawn:\n    def _repr_{kind}_(self):\n        return {body}\n\n{last}"


HTML_20_MB = drawn("html", '"<b>" + "x" * 20_000_000 + "</b>"')
PICTURES = [
    ("html", "text/html", '"<b>x</b>"'),
    ("markdown", "text/markdown", '"**x**"'),
    ("svg", "image/svg+xml", "\"<svg xmlns='http://www.w3.org/2000/svg'/>\""),
    ("png", "image/png", 'b"\\x89PNG\\r\\n\\x1a\\n"'),
]
CLEAR = "clear_output()"
COMPLETION = {"text": "prin", "matches": {"print"}}
INSPECTION = "print"
COMPLETE = ["1", 'print("hello, world")', "def f(x):\n    return 2 * x\n\n"]
INCOMPLETE = ['print("""hello', "def f(x):", "print("]
INVALID = ["import = 7q"]
