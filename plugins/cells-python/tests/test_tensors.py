"""Operators, slices and reductions of tensors agree with plain Python."""

import itertools
import operator

from support import CellsTest, lacuna, tensors


class Operators(CellsTest):
    def test_arithmetic(self):
        a, b = lacuna.tensor([[1.0, 2.0], [3.0, 4.0]]), lacuna.tensor([2.0, 4.0])
        self.assertEqual((a + b).tolist(), [[3, 6], [5, 8]])
        self.assertEqual((1 - a).tolist(), [[0, -1], [-2, -3]])
        self.assertEqual((a / b).tolist(), [[0.5, 0.5], [1.5, 1]])
        self.assertEqual((2 / b).tolist(), [1, 0.5])
        self.assertEqual((-(a**2)).tolist(), [[-1, -4], [-9, -16]])
        self.assertEqual((a @ a).tolist(), [[7, 10], [15, 22]])
        self.assertEqual(abs(lacuna.tensor([-1.0])).tolist(), [1])
        with self.assertRaises(TypeError):
            a + "x"
        with self.assertRaises(lacuna.ShapeError):
            a + lacuna.tensor([1.0, 2.0, 3.0])

    def test_comparisons(self):
        a = lacuna.tensor([1.0, 2.0, 3.0])
        self.assertEqual((a > 2).tolist(), [0, 0, 1])
        self.assertEqual((a >= 2).tolist(), [0, 1, 1])
        self.assertEqual((a < 2).tolist(), [1, 0, 0])
        self.assertEqual((a <= 2).tolist(), [1, 1, 0])
        self.assertEqual((a == 2).tolist(), [0, 1, 0])
        self.assertEqual((a != lacuna.tensor([1.0, 0.0, 3.0])).tolist(), [0, 1, 0])
        self.assertFalse(a == "x")
        self.assertEqual(a.maximum(2).tolist(), [2, 2, 3])
        self.assertEqual(lacuna.where(a > 2, a, 0 * a).tolist(), [0, 0, 3])

    def test_nan_is_like_no_number(self):
        nan, inf = float("nan"), float("inf")
        values = [nan, -inf, -1.0, 0.0, 1.0, inf]
        for act in (operator.ge, operator.le, operator.eq, operator.ne, operator.gt, operator.lt):
            for other in values:
                with self.subTest(act=act.__name__, other=other):
                    a = lacuna.tensor(values)
                    right = [float(act(value, other)) for value in values]
                    self.assertEqual(act(a, other).tolist(), right)
                    self.assertEqual(act(a, lacuna.tensor([other])).tolist(), right)

    def test_reductions(self):
        a = lacuna.tensor([[1.0, 2.0], [3.0, 6.0]])
        self.assertEqual((a.mean().item(), a.sum().item(), a.max().item(), a.min().item()), (3, 12, 6, 1))
        self.assertEqual(a.mean(axis=0).tolist(), [2, 4])
        self.assertEqual(a.mean(axis=-1, keepdims=True).shape, (2, 1))
        self.assertEqual(a.max(axis=1).tolist(), [2, 6])
        self.assertEqual(a.sum(axis=(0, 1)).tolist(), [12])
        self.assertEqual(a.reshape(-1).tolist(), [1, 2, 3, 6])
        self.assertEqual(a.T.tolist(), [[1, 3], [2, 6]])
        self.assertEqual(f"{a.mean():.2f}", "3.00")

    def test_slices_agree_with_lists(self):
        numbers = [[i * 7 + j for j in range(7)] for i in range(5)]
        tensor = lacuna.tensor(numbers)
        bounds = [None, 0, 1, 2, 5, -1, -3]
        for start, stop, step in itertools.product(bounds, bounds, [None, 1, 2, 3, -1, -2]):
            key = slice(start, stop, step)
            rows, columns = numbers[key], [row[key] for row in numbers]
            if rows:
                self.assertEqual(tensor[key].tolist(), rows, key)
            if columns[0]:
                self.assertEqual(tensor[:, key].tolist(), columns, key)

    def test_other_indices(self):
        tensor = lacuna.tensor([[[1.0, 2.0], [3.0, 4.0]]])
        self.assertEqual(tensor[0, 1].tolist(), [3, 4])
        self.assertEqual(tensor[..., 0].tolist(), [[1, 3]])
        self.assertEqual(tensor[:, None].shape, (1, 1, 2, 2))
        self.assertEqual(tensor[0, 0, 0].shape, (1,))
        self.assertEqual([row.tolist() for row in tensor[0]], [[1, 2], [3, 4]])
        for key, error in [
            (5, IndexError),
            ((0, 0, 0, 0), IndexError),
            (slice(1, 1), lacuna.ArgumentError),
            ("x", TypeError),
        ]:
            with self.assertRaises(error):
                tensor[key]
        with self.assertRaises(TypeError):
            tensor[0] = 1

    def test_joining(self):
        a = lacuna.ones(1, 2)
        self.assertEqual(lacuna.cat([a, a]).shape, (2, 2))
        self.assertEqual(lacuna.stack([a, a]).shape, (2, 1, 2))
        self.assertEqual(lacuna.tensor([a, a]).shape, (2, 1, 2))
        self.assertEqual(lacuna.linspace(0, 1, 3).tolist(), [0, 0.5, 1])

    def test_a_shown_tensor_is_not_read(self):
        tensors.readback = False
        self.assertEqual(self.run_cell("tensor([[1, 2], [3, 4]])"), "Tensor(2 x 2)")
        self.assertEqual(list(self.forms("zeros(1, 3, 8, 8)")), ["image/png", "text/plain"])
        self.assertEqual(list(self.forms("zeros(1, 5, 8, 8)")), ["text/plain"])
        failed = self.failure("tensor([1]).item()")
        self.assertEqual((failed.name, failed.text), ("LimitError", "`readback` is not granted to this notebook"))

    def test_what_is_joined_is_a_list(self):
        for code in ("cat(5)", "cat(zeros(2))", "stack(None)", "cat([])"):
            self.assertIn("takes a list of tensors" if code != "cat([])" else "one tensor at least", self.failure(code).text)
