"""`explain` sends parameters where they belong, and results show themselves."""

import base64
import json

from support import CellsTest, notebook


class Explaining(CellsTest):
    def request(self, code):
        self.run_cell(code)
        return self.seen.requests[-1]

    def settings(self, selection):
        return {setting.name: setting.value.value for setting in selection.settings}

    def test_names_and_tensors(self):
        self.assertEqual(self.request("explain('scan')").subject, notebook.Subject_Named("scan"))
        self.assertEqual(self.request("image = image('scan')\nexplain(image)").subject, notebook.Subject_Named("scan"))
        self.assertEqual(self.request("image = image('scan')\nexplain(image)").subject, notebook.Subject_Named("scan"))
        request = self.request("explain(image.fitted() * 0.5, target=1, seed=3)")
        self.assertIsInstance(request.subject, notebook.Subject_Values)
        self.assertEqual((request.target, request.seed, request.method, request.perturbation), ("1", 3, None, None))

    def test_parameters_go_to_whoever_describes_them(self):
        request = self.request("explain('scan', method='meaningful', learning_rate=0.5)")
        self.assertEqual(self.settings(request.method), {"learning-rate": 0.5})
        self.assertIsNone(request.perturbation)
        request = self.request("explain('scan', method='fido', perturbation='blur', sigma=5)")
        self.assertEqual((self.settings(request.method), self.settings(request.perturbation)), ({}, {"sigma": 5.0}))
        request = self.request("explain('scan', learning_rate=0.5)")
        self.assertEqual(request.method.name, "meaningful")
        request = self.request("explain('scan', method_parameters={'sigma': 1}, perturbation_parameters={'sigma': 2})")
        self.assertEqual(
            (self.settings(request.method), self.settings(request.perturbation)), ({"sigma": 1.0}, {"sigma": 2.0})
        )
        request = self.request("explain('scan', perturbation='blur', sigma=5)")
        self.assertEqual((request.method, self.settings(request.perturbation)), (None, {"sigma": 5.0}))
        request = self.request("explain('scan', method='meaningful', sigma=5)")
        self.assertEqual((self.settings(request.method), request.perturbation), ({"sigma": 5.0}, None))
        request = self.request("explain('scan', method='meaningful', score='log_odds')")
        self.assertEqual(self.settings(request.method), {"score": "log-odds"})

    def test_a_measure_asks_for_what_it_looks_at(self):
        self.run_cell("m = ones(1, 1, 8, 8)\ne = explain('scan')")
        self.assertIn("looks at the image", self.failure("measure('deletion', m)").text)
        self.assertIn("there is none", self.failure("auc(m)").text)
        # The most probable class, the mask of the named image, and the class of the explanation.
        self.run_cell("measure('deletion', m, image='scan')\nauc(m, image='scan')\nauc(m[0], m[0, 0])\nmeasure('deletion', e)")
        asked = [(one.targets, one.masks is not None) for one in self.seen.measured]
        self.assertEqual(asked, [([1], True), ([1], True), ([0], True), ([1], True)])
        self.run_cell("measure('deletion', m, image='scan', targets='healthy')\nmeasure('deletion', e, targets=['cyst'])")
        self.assertEqual([one.targets for one in self.seen.measured[-2:]], [[0], [1]])
        self.assertIn("2 targets for 1 images", self.failure("measure('deletion', e, targets=[0, 1])").text)
        self.run_cell("@metric\ndef flat(maps): return [0.0]\nmeasure('flat', m)")

    def test_grids_of_other_proportions_are_refused(self):
        self.run_cell("m = ones(1, 1, 8, 8)")
        self.assertIn("other proportions", self.failure("auc(m, ones(1, 1, 8, 4))").text)
        self.assertIn("other proportions", self.failure("overlay(ones(1, 1, 8, 8), ones(1, 1, 8, 16))").text)
        self.assertIn("the map has the sizes 8 x 4", self.failure("measure('deletion', ones(1, 1, 8, 4), image='scan')").text)
        self.run_cell("auc(m, ones(1, 1, 16, 16) * 0.3)")
        self.assertEqual(set(self.seen.measured[-1].masks.read()), {1.0})

    def test_words_that_are_nearly_right(self):
        for code, words in {
            "explain('scan', targets='cyst')": "did you mean `target`",
            "explain('scan', method='slope', sigma=3)": "the method `slope` has no parameter `sigma`",
            "explain('scam')": "did you mean `scan`",
            "volume('scan')": "is an image",
            "image('scan').sum(2, 3)": "axis=(2, 3)",
            "@perturbation\nclass a:\n    def __init__(self, images): pass\n    def apply(self, mask): return mask\nclass b(a): pass": "`a.function`",
            "@method\ndef m(self, images): return images": "no `self`",
            "Range(3, 1)": "smaller end",
        }.items():
            with self.subTest(code):
                self.assertIn(words, self.failure(code).text)
        self.assertIn("gradient(loss, x)", self.failure("ones(2).backward()").text)
        self.assertEqual(self.run_cell("classifier()(image('scan')).shape"), "(1, 2)")
        self.assertEqual(self.run_cell("import enum\nclass K(enum.StrEnum):\n    A = 'slope'\ncompare([dict(method=K.A)], image='scan')[0].method"), "'slope'")

    def test_what_is_for_all_goes_where_it_belongs(self):
        self.run_cell("compare([dict(method='slope'), dict(method='fido')], image='scan', perturbation='blur')")
        self.assertEqual([one.perturbation and one.perturbation.name for one in self.seen.requests], [None, "blur"])

    def test_entries_are_found_by_name(self):
        self.assertEqual(self.run_cell("'scan' in images(), 'scam' in images(), images()['scan'].kind"), "(True, False, 'image')")
        self.assertIn("did you mean `scan`", self.failure("images()['scam']").text)
        self.assertEqual(self.run_cell("classifier().name, classifier().predict('scan')['cyst']"), "('demo', 0.75)")

    def test_an_overlay_stands_beside_images(self):
        self.run_cell("i = image('scan')\nshow(i, overlay(i, ones(1, 1, 8, 8)), titles=['a', 'b'])")
        self.assertEqual(self.seen.tiles[-1], ["a", "b"])

    def test_refusals(self):
        for code, words in {
            "explain('scan', sigma=3)": "method_parameters={'sigma': 3}",
            "explain('scan', method='meaningful', perturbation='blur', sigma=3)": "method_parameters={'sigma': 3}",
            "explain('scan', learning_rat=3)": "did you mean `learning_rate`?",
            "explain('scan', learning_rate=3)": "a number from 0 to 1",
            "explain('scan', learning_rate='x')": "a number from 0 to 1",
            "explain('scan', method='fid')": "did you mean `fido`?",
            "explain(3)": "an image is a name",
            "image('scam')": "did you mean `scan`?",
            "compare([])": "one explanation at least",
            "explain('scan', method='fido', method_parameters={'x': 1})": "no parameter `x`",
        }.items():
            with self.subTest(code):
                failed = self.failure(code)
                self.assertEqual(failed.name, "ArgumentError")
                self.assertIn(words, failed.text)

    def test_results_show_themselves(self):
        self.assertEqual(list(self.forms("e = explain('scan')\ne")), ["image/png", "text/html", "text/plain"])
        self.assertEqual(self.seen.tiles[0], ["meaningful: cyst 0.900 -> 0.100"])
        self.assertEqual(
            self.run_cell("e.probability, e.target, e.mask.shape, e.record"), "(0.9, 'cyst', (1, 1, 8, 8), {'seed': 0})"
        )
        self.assertEqual(list(self.forms("[e, e]")), ["image/png", "text/plain"])
        self.assertEqual(len(self.seen.tiles[-1]), 2)
        self.forms("compare([dict(method='fido'), e], image='scan', titles=['a', 'b'])")
        self.assertIn(["a", "b"], self.seen.tiles)
        self.forms("show(image('scan'), e, titles=['x', 'y'])\nshow('text')\nshow(HTML('<i>'))")
        self.assertEqual(
            [list(forms) for forms, _, _ in self.seen.shown],
            [["image/png", "text/plain"], ["text/plain"], ["text/html", "text/plain"]],
        )
        self.assertEqual(list(self.forms("overlay(image('scan'), e.map, 'a')")), ["image/png", "text/plain"])
        self.assertIn(b"learning_rate", self.forms("methods()")["text/html"])
        self.assertIn(b"cyst", self.forms("classifier().predict('scan')")["text/html"])

    def test_measuring(self):
        self.assertEqual(self.run_cell("auc(explain('scan'))"), "0.75")
        self.assertEqual(self.seen.measured[-1].targets, [1])
        self.assertIsNotNone(self.seen.measured[-1].masks)
        self.assertEqual(self.run_cell("auc(ones(2, 1, 8, 8), ones(2, 1, 8, 8))"), "[0.75, 0.75]")

    def test_the_slider_is_one_piece(self):
        piece = self.forms("explain('scan')")["text/html"].decode()
        self.assertTrue(piece.startswith('<div class="lacuna-slider"><img alt='))
        data = json.loads(piece.rpartition("})(")[2].removesuffix(");</script></div>"))
        # The host of lists draws one picture of everything, and the same picture is kept once.
        self.assertEqual(data["pictures"], [base64.b64encode(b"\x89PNG").decode()])
        told = {"title": "meaningful: cyst 0.900 -> 0.100", "image": 0, "map": 0, "perturbed": None}
        self.assertEqual(data["figures"], [told])
        self.assertNotIn("http", piece)
        self.assertEqual(piece.count("</script>"), 1)
        shared = self.forms("compare([{}, {}], image='scan', titles=['</script>', 'b'])")["text/html"].decode()
        self.assertEqual((shared.count("</script>"), shared.count('"title"')), (1, 2))
        self.assertNotIn("text/html", self.forms("compare([explain('scan')] * 9)"))

    def test_a_method_without_perturb_deletes_nothing(self):
        self.run_cell("@method\ndef plain(images): return images")
        self.assertIsNone(self.request("e = explain('scan', method=plain)").perturbation)
        self.assertEqual(self.run_cell("e.perturbation, e.title"), "(None, 'plain: cyst 0.900 -> 0.100')")
        failed = self.failure("explain('scan', method=plain, perturbation='blur')")
        self.assertIn("deletes nothing", failed.text)

    def test_findings_are_below_the_slider(self):
        self.run_cell("e = explain('scan')\ne.findings = [Finding('a', 'a < b', remedies=['raise steps'])]")
        self.assertIn("<li>a &lt; b (try: raise steps)</li>", self.forms("e")["text/html"].decode())
        self.assertIn("  a < b (try: raise steps)", self.run_cell("e"))
        self.assertIn("<li>fido: a &lt; b", self.forms("compare([e], titles=['fido'])")["text/html"].decode())
