"""What reads numbers back agrees with NumPy, and what a tensor shows of itself."""

import math

from support import CellsTest, lacuna, tensors
from lacuna import arange, tensor


class Reading(CellsTest):
    def setUp(self):
        super().setUp()
        self.u = tensor([[3, -1, 3], [2, 2, -5]])

    def test_places_of_extremes(self):
        self.assertEqual((self.u.argmax(), self.u.argmin()), (0, 5))
        self.assertEqual(self.u.argmax(axis=0).tolist(), [0, 1, 0])
        self.assertEqual(self.u.argmin(dim=0, keepdim=True).tolist(), [[1, 0, 1]])
        self.assertEqual(arange(24).reshape(2, 3, 4).argmax(axis=1).tolist(), [[2] * 4] * 2)

    def test_orders(self):
        self.assertEqual(self.u.sort().tolist(), [[-1, 3, 3], [-5, 2, 2]])
        self.assertEqual(self.u.sort(axis=0).tolist(), [[2, -1, -5], [3, 2, 3]])
        self.assertEqual(self.u.sort(axis=None, descending=True).tolist(), [3, 3, 2, 2, -1, -5])
        self.assertEqual(self.u.argsort().tolist(), [[1, 0, 2], [2, 0, 1]])
        self.assertEqual(self.u.argsort(descending=True).tolist(), [[0, 2, 1], [0, 1, 2]])
        values, indices = self.u.topk(2)
        self.assertEqual((values.tolist(), indices.tolist()), ([[3, 3], [2, 2]], [[0, 2], [0, 1]]))
        self.assertEqual(self.u.topk(1, largest=False)[1].tolist(), [[1], [2]])
        with self.assertRaises(lacuna.ArgumentError):
            self.u.topk(4)

    def test_medians_and_quantiles_are_numpys(self):
        self.assertEqual(self.u.median().tolist(), [2])
        self.assertEqual(self.u.median(axis=1).tolist(), [3, 2])
        self.assertEqual(self.u.median(axis=0).tolist(), [2.5, 0.5, -1])
        self.assertEqual(arange(24).reshape(2, 3, 4).median(axis=(0, 2)).tolist(), [7.5, 11.5, 15.5])
        self.assertEqual(arange(1, 5).quantile(0.25).tolist(), [1.75])
        self.assertEqual(arange(1, 5).percentile(25).tolist(), [1.75])
        self.assertAlmostEqual(arange(1, 6).quantile(0.4).item(), 2.6)
        self.assertEqual(self.u.quantile([0, 0.5, 1], axis=1).tolist(), [[-1, -5], [3, 2], [3, 2]])
        self.assertEqual(self.u.quantile([0.5]).shape, (1,))
        self.assertEqual(tensor([1, math.inf]).quantile(0).tolist(), [1])
        for found, wanted in zip(self.u.quantile(0.1, axis=0).tolist(), [2.1, -0.7, -4.2]):
            self.assertAlmostEqual(found, wanted)
        with self.assertRaisesRegex(lacuna.ArgumentError, "percentile"):
            self.u.quantile(50)

    def test_values_and_places(self):
        self.assertEqual(self.u.unique().tolist(), [-5, -1, 2, 3])
        self.assertEqual(tensor([[0, 1], [2, 0]]).nonzero(), [(0, 1), (1, 0)])
        self.assertEqual(tensor([math.nan, math.inf, -math.inf, 2]).nan_to_num(0, 9, -9).tolist(), [0, 9, -9, 2])
        self.assertEqual((int(tensor([2.7])), round(tensor([2.7])), round(tensor([2.718]), 1)), (2, 3, 2.7))
        self.assertEqual(round(tensor([2.5, 1.26]), 1).tolist(), [2.5, 1.3])
        self.assertEqual(tensor([0.5, 1.5, -2.5]).round().tolist(), [0, 2, -2])

    def test_nan_and_a_grant_that_is_missing_are_refused(self):
        words = ("sort", "argsort", "argmax", "argmin", "median", "unique")
        for word in words:
            with self.assertRaises(lacuna.NonFiniteError):
                getattr(tensor([1, math.nan]), word)()
        tensors.readback = False
        for word in words + ("nonzero", "nan_to_num", "round"):
            with self.assertRaisesRegex(lacuna.LimitError, "`readback` is not granted"):
                getattr(self.u, word)()


class Showing(CellsTest):
    def test_few_numbers_are_shown(self):
        self.assertEqual(self.run_cell("tensor([0.25, 1, -2.5])"), "Tensor(3, [0.25, 1, -2.5])")
        self.assertEqual(str(tensor([[1, 2], [3, 4.12345]])), "Tensor(2 x 2, [[1, 2],\n               [3, 4.123]])")
        self.assertEqual(repr(tensor([math.nan, 1e-7, 123456, 1e20])), "Tensor(4, [nan, 1e-07, 123456, 1e+20])")
        self.assertEqual(repr(lacuna.zeros(101)), "Tensor(101)")

    def test_a_shape_is_shown_where_reading_is_refused(self):
        tensors.readback = False
        self.assertEqual(self.run_cell("print(tensor([1, 2]))\n[tensor([1])]"), "[Tensor(1)]")
        self.assertEqual(self.printed(), "Tensor(2)\n")
