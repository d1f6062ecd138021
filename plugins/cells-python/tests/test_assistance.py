"""Completion, inspection, and whether a cell is whole."""

from support import CellsTest, app


class Completing(CellsTest):
    def complete(self, code):
        found = self.cells.complete(code, len(code))
        self.assertEqual(found.end, len(code))
        return code[: found.start], [item.text for item in found.items]

    def test_names_and_attributes(self):
        self.run_cell("import math\nscore = 3\ndef scale(value, by=2): return value * by")
        self.assertEqual(self.complete("x = sco"), ("x = ", ["score"]))
        self.assertEqual(self.complete("math.fac"), ("math.", ["factorial"]))
        self.assertEqual(self.complete("import jso")[1], ["json"])
        self.assertEqual(self.complete("from math import fac")[1], ["factorial"])
        self.assertIn("import", self.complete("imp")[1])
        self.assertEqual(self.complete("# sco")[1], [])
        self.assertEqual(self.complete("'a'.upp")[1], [])
        item = next(i for i in self.cells.complete("scal", 4).items if i.text == "scale")
        self.assertEqual((item.kind, item.signature), ("function", "(value, by=2)"))

    def test_parameters_of_the_call(self):
        self.run_cell("def scale(value, by=2): return value * by")
        self.assertEqual(self.complete("scale(")[1][:2], ["value=", "by="])
        self.assertEqual(self.complete("scale(by=3, va")[1][0], "value=")
        self.assertIn("method=", self.complete("explain('scan', met")[1])

    def test_names_of_the_notebook(self):
        self.assertEqual(self.complete("image('sc"), ("image('", ["scan"]))
        self.assertEqual(self.complete("explain('scan', method=\"me")[1], ["meaningful"])
        self.assertEqual(self.complete("explain('scan', target='cy")[1], ["cyst"])
        self.assertEqual(self.complete("explain('scan', method='meaningful', lea")[1], ["learning_rate="])
        self.assertEqual(self.complete("explain('scan', method='meaningful', score='lo")[1], ["logit", "log-odds"])

    def test_parameters_of_a_cells_own_perturbation(self):
        self.run_cell("@perturbation\ndef fade(images, mask, strength: float = 0.5): return images")
        self.assertIn("strength=", self.complete("explain('scan', perturbation=fade, stren")[1])
        self.assertEqual(self.complete("explain('scan', perturbation='fa")[1], ["fade"])

    def test_no_code_of_a_cell_runs(self):
        self.run_cell(
            "import functools\nran = []\nclass A:\n    @property\n    def p(self): ran.append(1); return self\n"
            "    @functools.cached_property\n    def c(self): ran.append(2); return self\n"
            "    def __getattr__(self, name): ran.append(3); return self\n    def f(self): pass\n"
            "class B:\n    def __getattribute__(self, name): ran.append(4); raise AttributeError\n"
            "a, b = A(), B()\na.own = 'text'\nran.clear()"
        )
        self.assertEqual(self.complete("a.")[1], ["c", "f", "own", "p"])
        self.assertIn("upper", self.complete("a.own.up")[1])
        for code in ("a.p.", "a.c.", "a.other.", "b.own."):
            self.assertEqual(self.complete(code)[1], [], code)
        self.assertEqual(self.run_cell("ran"), "[]")

    def test_what_ends_an_answer_ends_nothing_else(self):
        self.run_cell("class A:\n    def __dir__(self): print('x'); raise KeyboardInterrupt\na = A()")
        self.assertEqual(self.complete("a.x")[1], [])
        self.assertEqual(self.printed(), "")

    def test_help_shows_the_file_of_grants(self):
        self.run_cell("help('lacuna.toml')")
        self.assertIn("[generators]", self.printed())

    def test_a_cursor_in_the_middle(self):
        self.run_cell("score = 3")
        found = self.cells.complete("é = sco + 1", 7)
        self.assertEqual((found.start, found.end, found.items[0].text), (4, 7, "score"))


class Inspecting(CellsTest):
    def text(self, code, cursor, detail=0):
        found = self.cells.inspect(code, cursor, detail)
        return found and found[0].data.value

    def test_signature_documentation_and_source(self):
        self.run_cell("def scale(value, by=2):\n    'Makes larger.'\n    return value * by")
        self.assertEqual(self.text("scale(3)", 2), "scale(value, by=2)\n\nMakes larger.")
        self.assertIn("return value * by", self.text("scale(3)", 2, 1))
        self.assertIn("Makes larger", self.text("scale(3, ", 9))
        self.assertIsNone(self.text("nothing", 2))
        self.run_cell("class A:\n    'Is an A.'\n    def f(self): pass")
        self.assertIn("def f(self): pass", self.text("A", 1, 1))

    def test_a_plugin_named_in_a_string(self):
        self.assertIn("learning_rate = 0.1", self.text("explain('scan', method='meaningful')", 26))

    def test_help_prints(self):
        self.run_cell("help(explain)")
        self.assertIn("Explains why", self.printed())
        self.run_cell("help()")
        self.assertIn("@perturbation", self.printed())
        self.run_cell("help('meaningful')")
        self.assertIn("learning_rate", self.printed())


class Completeness(CellsTest):
    def test_cells(self):
        wit = app.wit
        for code, expected in {
            "x = 1": wit.Completeness_Complete(),
            "": wit.Completeness_Complete(),
            "for i in range(3):": wit.Completeness_Incomplete("    "),
            "for i in range(3):\n    x = i": wit.Completeness_Incomplete("    "),
            "for i in range(3):\n    x = i\n": wit.Completeness_Complete(),
            "def f():\n    return 1": wit.Completeness_Incomplete(""),
            "print('''a": wit.Completeness_Incomplete(""),
            "f(": wit.Completeness_Incomplete("    "),
            "x = [\n    1,\n]": wit.Completeness_Complete(),
            "import = 7q": wit.Completeness_Invalid(),
        }.items():
            with self.subTest(code):
                self.assertEqual(self.cells.is_complete(code), expected)
