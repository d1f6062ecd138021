"""What the binding cannot convert is refused before it crosses, and says which argument it is."""

from support import CellsTest


class Fitting(CellsTest):
    def test_values_that_cannot_cross_are_refused(self):
        self.run_cell("t, e = ones(1, 1, 8, 8), explain('scan')")
        for code, words in {
            "explain('scan', seed=-1)": "`seed` is -1",
            "explain('scan', seed=2**64)": "`seed` is 18446744073709551616",
            "explain('scan', seed=1.7)": "`seed` is 1.7",
            "uniform(3, seed=-1)": "`seed` is -1",
            "measure('pixel-auc', e, seed=-1)": "`seed` is -1",
            "zeros(-1)": "`shape` is -1",
            "zeros(2**40)": "expected a whole number from 0 to 4294967295",
            "zeros(True)": "`shape` is True",
            "t.resize(-1, 5)": "`sizes` is -1",
            "t.translate(10**12, 0)": "`offsets` is 1000000000000, expected a whole number from -2147483648",
            "t.reshape(10**12)": "`shape` is 1000000000000",
            "show(t, width=-5)": "`width` is -5",
            "show(t, width='a')": "`width` is 'a'",
            "show(t, width=2**40)": "`width` is 1099511627776",
            "show(t, columns=2.5)": "`columns` is 2.5",
            "show(t, titles=[5])": "`title` is 5, expected text",
            "overlay(t, t, title=5)": "`title` is 5, expected text",
            "display(1, id=5)": "`id` is 5, expected text",
            "clear_output(5)": "`wait` is 5, expected True or False",
            "lesion(5)": "`name` is 5, expected text",
            "measure('pixel-auc', e, targets='lesion')": "there is no class `lesion` (there are: healthy, cyst)",
            "measure('pixel-auc', e, targets=[-1])": "index below 2, not -1",
            "measure('pixel-auc', e, 5)": "a mask is a tensor",
        }.items():
            with self.subTest(code):
                failed = self.failure(code)
                self.assertEqual(failed.name, "ArgumentError")
                self.assertIn(words, failed.text)

    def test_text_without_utf8_crosses_as_question_marks(self):
        failed = self.failure("raise ValueError('\\ud800')")
        self.assertEqual((failed.text, failed.traceback[-1]), ("?", "ValueError: ?"))
        failed = self.failure("image('\\ud800')")
        self.assertIn("there is no image `?`", failed.text)
        self.run_cell("explain('scan', target=1)\nshow(ones(8, 8), titles=['\\ud800'])")
        self.assertEqual(self.seen.tiles[-1], ["?"])
