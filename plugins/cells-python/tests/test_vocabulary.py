"""Operators, indices, reductions and shapes that NumPy and PyTorch users reach for, against numbers worked out by hand."""

import math

from support import CellsTest, lacuna
from lacuna import arange, ones, tensor


class Vocabulary(CellsTest):
    def same(self, found, wanted):
        """The same shape, and the same numbers up to rounding."""
        found = found.tolist() if isinstance(found, lacuna.Tensor) else found
        if isinstance(wanted, list):
            self.assertEqual(len(found), len(wanted), (found, wanted))
            for one, other in zip(found, wanted):
                self.same(one, other)
        else:
            self.assertAlmostEqual(found, wanted, 5)

    def refused(self, words, act, kind=lacuna.ArgumentError):
        with self.assertRaises(kind) as raised:
            act()
        self.assertIn(words, str(raised.exception))

    def test_masks_are_joined_by_operators(self):
        a, b = tensor([1, 1, 0, 0]), tensor([1, 0, 1, 0])
        self.same(a & b, [1, 0, 0, 0])
        self.same(a | b, [1, 1, 1, 0])
        self.same(~a, [0, 0, 1, 1])
        self.same((a > 0) & True, [1, 1, 0, 0])
        self.refused("(t > 0).any()", lambda: bool(a))
        self.assertTrue((a > 0).any() and not (a > 0).all() and (a > -1).all())
        self.same(tensor([[0, 2], [0, 0]]).any(dim=1), [1, 0])

    def test_powers(self):
        self.same(2 ** tensor([0, 1, 3, -1]), [1, 2, 8, 0.5])
        self.same(tensor([2, 3]) ** tensor([3, 2]), [8, 9])
        self.same([2, 3] ** tensor([3, 2]), [8, 9])
        self.refused("more than 0", lambda: 0 ** tensor([1]))
        with self.assertRaises(TypeError):
            "x" ** tensor([1])

    def test_lists_stand_for_tensors(self):
        a, b = tensor([[1, 2], [3, 4]]), tensor([2, 4])
        self.same(a + [10, 20], [[11, 22], [13, 24]])
        self.same((1, 0) * a, [[1, 0], [3, 0]])
        self.same([10, 20] - b, [8, 16])
        self.same([10, 20] / b, [5, 5])
        self.same(b > [2, 2], [0, 1])
        self.same(b == [2, 5], [1, 0])
        self.assertIs(b == [], False)
        self.assertIs(b == "x", False)
        self.refused("not of the type str", lambda: a + ["x"], TypeError)

    def test_products_with_vectors(self):
        a, b, c = tensor([[1, 2], [3, 4]]), tensor([2, 4]), arange(12).reshape(2, 3, 2)
        self.same(b @ b, [20])
        self.same(a @ b, [10, 22])
        self.same([1, 1] @ a, [4, 6])
        self.same(c @ b, [[4, 16, 28], [40, 52, 64]])
        self.same(c @ a, [[[3, 4], [11, 16], [19, 28]], [[27, 40], [35, 52], [43, 64]]])
        self.same([1, 1, 1] @ c, [[6, 9], [24, 27]])
        self.assertEqual((ones(2, 1, 3, 4) @ ones(5, 4, 2)).shape, (2, 5, 3, 2))
        self.refused("the last size 2 and the size 3", lambda: a @ [1, 2, 3], lacuna.ShapeError)

    def test_lists_are_indices(self):
        g = arange(24).reshape(2, 3, 4)
        self.same(g[..., [0, 2]][0], [[0, 2], [4, 6], [8, 10]])
        self.same(g[:, [2, 0, 1], 0], [[8, 0, 4], [20, 12, 16]])
        self.same(g[0, [0, -1]], [[0, 1, 2, 3], [8, 9, 10, 11]])
        self.same(g[0, 0][[3, 3, 0, 1]], [3, 3, 0, 1])
        self.same(g[0, 0][[True, False, True, False]], [0, 2])
        self.assertEqual(g[[0, 1], :, 0].shape, (2, 3))
        self.refused("where(mask, a, b)", lambda: g[g > 3], TypeError)
        self.refused("one list at most", lambda: g[[0], [1]], IndexError)
        self.refused("t[0][:, [0, 2]]", lambda: g[0, :, [0, 2]], IndexError)
        self.refused("out of range", lambda: g[[2]], IndexError)
        self.refused("no tensor is empty", lambda: g[[]])
        self.refused("not by bool", lambda: g[True], TypeError)

    def test_reductions(self):
        v = tensor([[1, -2, 3], [4, 0, -6]])
        self.same(v.var(axis=1), [38 / 9, 152 / 9])
        self.same(v.var(axis=1, ddof=1), [19 / 3, 76 / 3])
        self.same(v.std(dim=0, keepdim=True), [[1.5, 1, 4.5]])
        self.same(v.prod(axis=1), [-6, 0])
        self.same(tensor([2, -3, 5, -1, 4]).prod(), [120])
        self.same(v.norm(dim=1), [math.sqrt(14), math.sqrt(52)])
        self.same(v.sign(), [[1, -1, 1], [1, 0, -1]])
        self.same(v.cumsum(axis=1), [[1, -1, 2], [4, 4, -2]])
        self.same(v.cumsum(), [1, -1, 2, 6, 6, 0])
        self.same(tensor([0, 0.5]).tanh(), [0, 0.46211716])
        self.same(tensor([math.nan, 1, math.inf]).isnan(), [1, 0, 0])
        self.same(v.mean(axis=()), v.tolist())
        self.same(v.clip(min=-1, max=2), [[1, -1, 2], [2, 0, -1]])
        self.refused("expected a number below 2", lambda: v.var(axis=0, ddof=2))
        self.refused("name one twice", lambda: v.sum(axis=(0, 0)))
        self.refused("the same argument", lambda: v.sum(axis=0, dim=1), TypeError)

    def test_blocks_and_borders(self):
        i = arange(16).reshape(1, 1, 4, 4)
        self.same(i.avg_pool(2)[0, 0], [[2.5, 4.5], [10.5, 12.5]])
        self.same(i.max_pool(2)[0, 0], [[5, 7], [13, 15]])
        self.same(i.avg_pool(4, 1).flatten(), [6, 7, 8, 9])
        self.assertEqual(ones(1, 1, 4, 6, 8).avg_pool(2).shape, (1, 1, 2, 3, 4))
        self.same(tensor([[1]]).pad(1, value=7), [[7, 7, 7], [7, 1, 7], [7, 7, 7]])
        self.same(tensor([[1]]).pad((1, 0), (0, 2)), [[0, 0, 0], [1, 0, 0]])
        self.assertEqual(i.pad(1, 2).shape, (1, 1, 6, 8))
        self.refused("do not divide", lambda: i.avg_pool(3), lacuna.ShapeError)
        self.refused("max_pool takes", lambda: i[0].max_pool(2), lacuna.ShapeError)
        self.refused("(before, after)", lambda: i.pad((1, 2)))
        self.refused("whole number", lambda: i.pad(-1))

    def test_moved_and_repeated(self):
        v, a = tensor([[1, -2, 3], [4, 0, -6]]), tensor([[1, 2], [3, 4]])
        self.same(arange(5).roll(7), [3, 4, 0, 1, 2])
        self.same(v.roll(1), [[-6, 1, -2], [3, 4, 0]])
        self.same(v.roll((1, 1), (0, 1)), [[-6, 4, 0], [3, 1, -2]])
        self.same(v.flip((0, 1)), [[-6, 0, 4], [3, -2, 1]])
        self.same(tensor([1, 2]).tile(2, 1), [[1, 2], [1, 2]])
        self.same(a.tile(2), [[1, 2, 1, 2], [3, 4, 3, 4]])
        self.same(a.repeat(2, axis=0), [[1, 2], [1, 2], [3, 4], [3, 4]])
        self.same(a.repeat(2, dim=1), [[1, 1, 2, 2], [3, 3, 4, 4]])
        self.refused("tile(2, 1) repeats the whole", lambda: a.repeat(2, 1))
        self.same(tensor([1, 2]).broadcast_to(2, 2), [[1, 2], [1, 2]])
        self.assertEqual(ones(1, 3).expand(4, -1).shape, (4, 3))
        self.refused("does not broadcast", lambda: ones(3).expand(2), lacuna.ShapeError)

    def test_shapes(self):
        g = arange(24).reshape(2, 3, 4)
        for found, shape in [
            (g.unsqueeze(-1), (2, 3, 4, 1)),
            (g.unsqueeze(dim=0), (1, 2, 3, 4)),
            (g.permute(2, 0, 1), (4, 2, 3)),
            (g.view(6, -1), (6, 4)),
            (g.ravel(), (24,)),
            (g.flatten(1), (2, 12)),
            (g.mT, (2, 4, 3)),
            (g.swapaxes(0, -1), (4, 3, 2)),
            (g.moveaxis(0, -1), (3, 4, 2)),
            (g.moveaxis((0, 1), (1, 2)), (4, 2, 3)),
        ]:
            self.assertEqual(found.shape, shape)
        self.same(g.moveaxis(2, 0)[3, 1], [15, 19, 23])
        self.assertEqual((g.numel(), g.dim(), g.size), (24, 3, 24))
        self.refused("swapaxes(1, 2) exchanges two", lambda: g.transpose(1, 2))
        self.refused("each of 3 dimensions once", lambda: g.permute(0, 1, 1))

    def test_functions(self):
        self.same(lacuna.exp(tensor([0, 1])), [1, math.e])
        self.assertEqual((lacuna.exp(0), lacuna.sqrt(4)), (1, 2))
        self.same(lacuna.log([1, math.e]), [0, 1])
        self.same(lacuna.minimum([1, 5], 3), [1, 3])
        self.same(lacuna.eye(2, 3), [[1, 0, 0], [0, 1, 0]])
        self.same(lacuna.full_like(tensor([1, 2]), 7), [7, 7])
        rows, columns = lacuna.meshgrid(arange(2), [5, 6, 7])
        self.same(rows, [[0, 0, 0], [1, 1, 1]])
        self.same(columns, [[5, 6, 7], [5, 6, 7]])
        self.same(lacuna.concatenate((rows, rows), axis=1).shape[1], 6)
        self.same(lacuna.stack([tensor([1, 2])] * 2, dim=-1), [[1, 1], [2, 2]])

    def test_cells_keep_the_names_of_python(self):
        import builtins

        self.assertEqual([name for name in lacuna.__all__ if hasattr(builtins, name)], [])

    def test_random_numbers_differ_unless_seeded(self):
        import random

        def drawn():
            return [
                lacuna.normal(3).tolist(),
                lacuna.normal(3).tolist(),
                lacuna.rand(3).tolist(),
                lacuna.rand(3).tolist(),
            ]

        random.seed(0)
        first = drawn()
        self.assertNotEqual(first[0], first[1])
        self.assertNotEqual(first[2], first[3])
        random.seed(0)
        self.assertEqual(drawn(), first)
        self.assertEqual(lacuna.normal(size=(3,), seed=4).tolist(), lacuna.randn(3, seed=4).tolist())
        self.same(lacuna.normal(2, mean=5, std=0), [5, 5])
        self.refused("mean=0, std=1 are keywords", lambda: lacuna.normal(0, 1, (2, 2)))
