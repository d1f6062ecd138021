"""Cells run one after another, show what they end with, and fail as Python does."""

import importlib.util

from support import CellsTest, app, held, notebook


class Running(CellsTest):
    def test_state_stays_and_the_last_expression_is_shown(self):
        self.assertIsNone(self.run_cell("x = 3"))
        self.assertEqual(self.run_cell("y = x + 1\nx * y"), "12")
        self.assertEqual(self.run_cell("_ + 1"), "13")
        self.assertEqual(self.run_cell("_2"), "12")
        self.assertEqual(self.forms("None"), {})
        self.assertEqual(self.forms("x;"), {})
        self.assertEqual(self.forms("x", silent=True), {})

    def test_evaluate_is_one_expression(self):
        self.run_cell("x = 3")
        self.assertEqual([held(form) for form in self.cells.evaluate("x + 1")], [b"4"])

    def test_print_streams_line_by_line(self):
        self.run_cell("print('a')\nprint('b', end='')\nimport sys\nprint('c', file=sys.stderr)\nprint('d')")
        self.assertEqual(self.seen.printed, [("OUTPUT", "a\n"), ("OUTPUT", "b"), ("ERROR", "c\n"), ("OUTPUT", "d\n")])

    def test_a_long_line_goes_in_parts(self):
        self.run_cell("print('x' * 300_000, end='')")
        self.assertEqual(max(len(text) for _, text in self.seen.printed), 262144)
        self.assertEqual(len(self.printed()), 300_000)

    def test_a_definition_and_a_class_see_each_other(self):
        self.run_cell("def f(): return g()\ndef g(): return 7")
        self.assertEqual(self.run_cell("[f() for _ in range(2)]"), "[7, 7]")


class Showing(CellsTest):
    def test_forms_are_what_the_object_offers(self):
        forms = self.forms(
            "class A:\n"
            "    def _repr_html_(self): return '<b>a</b>'\n"
            "    def _repr_png_(self): return b'png'\n"
            "    def _repr_svg_(self): return None\n"
            "    def _repr_mimebundle_(self, include=None, exclude=None): return {'text/markdown': '*a*', 'text/html': 'x'}\n"
            "    def __repr__(self): return 'A!'\n"
            "A()"
        )
        self.assertEqual(forms, {"text/markdown": b"*a*", "text/html": b"x", "image/png": b"png", "text/plain": b"A!"})

    def test_a_form_that_fails_is_left_out(self):
        forms = self.forms("class A:\n    def _repr_html_(self): raise ValueError('no')\nA()")
        self.assertEqual(list(forms), ["text/plain"])
        self.assertIn("ValueError: no", self.printed("ERROR"))

    def test_long_text_is_shortened(self):
        self.assertLess(len(self.run_cell("'x' * 10_000_000")), 101_000)


class Failing(CellsTest):
    def test_a_traceback_has_the_cells_lines_only(self):
        self.run_cell("import json\ndef f(text):\n    return json.loads(text)")
        failed = self.failure("f('{')")
        shown = "\n".join(failed.traceback)
        self.assertEqual(failed.name, "JSONDecodeError")
        self.assertIn("Cell 1, line 3, in f\n    return json.loads(text)", shown)
        self.assertIn("Cell 2, line 1, in <module>\n    f('{')", shown)
        self.assertNotIn(".py", shown)

    def test_causes_and_syntax_errors(self):
        shown = "\n".join(
            self.failure("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('x') from e").traceback
        )
        self.assertIn("direct cause", shown)
        failed = self.failure("x = = 3")
        self.assertEqual(failed.name, "SyntaxError")
        self.assertIn("Cell 2, line 1", failed.traceback[0])
        self.assertIn("no magics", "\n".join(self.failure("%matplotlib inline").traceback))

    def test_the_session_outlives_memory_and_recursion(self):
        self.assertEqual(self.failure("def f(): return f()\nf()").name, "RecursionError")
        self.assertIn("guest-memory", "\n".join(self.failure("raise MemoryError").traceback))
        self.assertEqual(self.failure("raise SystemExit").name, "SystemExit")
        self.assertEqual(self.run_cell("1"), "1")

    def test_a_cell_that_breaks_python_harms_itself_only(self):
        import sys

        kept = dict(sys.modules)
        try:
            self.assertEqual(self.failure("import builtins\ndel builtins.len\nlen([])").name, "NameError")
            self.assertEqual(self.run_cell("import sys\nsys.modules.clear()\nsys.stdout = None\nprint(1)"), None)
            self.assertIn("Cell 3, line 1", self.failure("1 / 0").traceback[1])
            self.assertEqual(self.run_cell("import json\nlen(json.dumps([]))"), "2")
        finally:
            sys.modules.update(kept)

    def test_a_wish_to_stop_is_a_keyboard_interrupt(self):
        notebook.seen.cancel = True
        failed = self.failure("done = 0\nwhile True:\n    done += 1\n    print(done)")
        notebook.seen.cancel = False
        self.assertEqual(failed.name, "KeyboardInterrupt")
        self.assertEqual(self.run_cell("done"), "1")


class Results(CellsTest):
    def test_only_the_last_ten_results_stay(self):
        for count in range(3, 90, 3):
            self.cells.execute(f"{count}", count, False)
        names = app.session.names
        kept = [name for name in names if name.startswith("_") and name[1:].isdigit()]
        self.assertEqual(kept, [f"_{count}" for count in range(60, 90, 3)])


class Closed(CellsTest):
    def test_what_is_not_there_says_so(self):
        for code, words in {
            "open('/etc/passwd')": "no files",
            "import os; os.listdir('/')": "no files",
            "import socket; socket.create_connection(('127.0.0.1', 80))": "no network",
            "import subprocess; subprocess.run(['ls'])": "no processes",
            "import os; os.system('ls')": "no processes",
            "import threading; threading.Thread(target=print).start()": "one thread",
            "import time; time.time()": "no clock",
            "import time; time.sleep(1)": "cannot wait",
            "import datetime; datetime.datetime.now()": "no clock",
            "from datetime import date; date.today()": "no clock",
            "import pathlib; pathlib.Path('/etc/passwd').read_text()": "no files",
            "import asyncio; asyncio.run(None)": "no event loop",
            "input('?')": "standard input",
            "import sys; sys.stdin.read()": "standard input",
            "import sys; list(sys.stdin)": "standard input",
            "import time; time.gmtime()": "no clock",
            "import time; time.ctime()": "no clock",
            "import time; exec('time.ctime()')": "no clock",
            "import time; exec(compile('time.time()', 'mine.py', 'exec'))": "no clock",
            "exec('import nowhere')": "not built in",
            "import _datetime; _datetime.datetime.now()": "no clock",
            "import _socket; _socket.socket()": "no network",
            "exit()": "cannot end",
            "import numpy": "as NumPy's arrays have",
            "import nowhere": "not built in",
            "import sys; sys.setrecursionlimit(10**6)": "600 calls",
        }.items():
            if code == "import numpy" and importlib.util.find_spec("numpy"):
                continue  # It is here, beside these tests; the component has none.
            with self.subTest(code):
                self.assertIn(words, self.failure(code).text)

    def test_a_library_may_ask_the_clock(self):
        self.run_cell("import logging\nlogging.getLogger('x').makeRecord('x', 20, 'f', 1, 'm', (), None)")

    def test_dates_work_without_a_clock(self):
        code = "import datetime\nd = datetime.datetime(2020, 1, 31) + datetime.timedelta(days=1)\n"
        self.assertEqual(self.run_cell(code + "d"), "datetime.datetime(2020, 2, 1, 0, 0)")
        self.assertEqual(
            self.run_cell("isinstance(d, datetime.date), isinstance(d, datetime.datetime)"), "(True, True)"
        )

    def test_libraries_may_ask_for_the_time(self):
        self.run_cell("import logging\nlogging.warning('careful')")
