"""Copies of what is on the host's device share it, and none is pickled: a handle's number is worth nothing outside."""

import copy
import dataclasses
import pickle

from support import CellsTest, lacuna
from lacuna import tensor
from lacuna.notebook import opening


@dataclasses.dataclass
class Held:
    values: object
    others: list


class Copies(CellsTest):
    def test_a_copy_has_a_handle_of_its_own(self):
        scan = opening.image("scan")
        for make in (copy.copy, copy.deepcopy, lacuna.Tensor.clone, lacuna.Tensor.copy):
            twin = make(scan)
            self.assertIs(type(twin), type(scan))
            self.assertEqual((twin.name, twin.shape), (scan.name, scan.shape))
            self.assertIsNot(twin.handle, scan.handle)

    def test_containers_are_copied(self):
        a = tensor([1, 2])
        held = dataclasses.asdict(Held(a, [a, {"x": a}]))
        self.assertEqual((held["values"].tolist(), held["others"][1]["x"].tolist()), ([1, 2], [1, 2]))
        self.assertIsNot(held["values"].handle, a.handle)
        twice = copy.deepcopy([a, a])
        self.assertIs(twice[0], twice[1])

    def test_nothing_is_pickled(self):
        a = tensor([1, 2])
        for value in (a, a.handle, opening.image("scan"), opening.classifier(), lacuna.Adam(), lacuna.backward(a)):
            with self.assertRaisesRegex(TypeError, "cannot be pickled"):
                pickle.dumps(value)

    def test_models_are_one_and_what_changes_is_not_copied(self):
        model = opening.classifier()
        self.assertIs(copy.deepcopy(model), model)
        self.assertIs(copy.copy(model), model)
        for value in (tensor([1]).handle, model.handle, lacuna.Adam(), lacuna.backward(tensor([1]))):
            for act in (copy.copy, copy.deepcopy):
                with self.assertRaisesRegex(TypeError, "cannot be copied"):
                    act(value)

    def test_gradients_of_leaves(self):
        a, b = lacuna.track(tensor([1, 2])), lacuna.track(tensor([3]))
        gradients = lacuna.backward((a * b).sum())
        self.assertEqual(gradients[a].tolist(), gradients.of(a).tolist())
        self.assertEqual([one.shape for one in lacuna.gradient((a * b).sum(), [a, b])], [(2,), (1,)])
        with self.assertRaises(TypeError):
            list(gradients)

    def test_a_target_is_a_class_by_its_name(self):
        model, images = opening.classifier(), lacuna.ones(2, 1, 8, 8)
        self.assertEqual(model.scores(images, "cyst").tolist(), model.scores(images, 1).tolist())
        self.assertEqual(model.scores(images, ["healthy", 1]).tolist(), model.scores(images, [0, 1]).tolist())
        with self.assertRaisesRegex(lacuna.ArgumentError, "did you mean `cyst`"):
            model.scores(images, "cist")
