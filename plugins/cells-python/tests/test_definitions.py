"""What cells define is checked at once, carried by value, and serves in another instance."""

import inspect
import random

from support import CellsTest, Err, adopted, lacuna, opening, tensors
from lacuna import definitions
from wit_world.exports import methods, metrics
from wit_world.imports.classifiers import Classifier
from wit_world.imports.parameters import Setting, Value_Number

FADE = """
shift = tensor([0.125])
def helper(images, strength):
    return images * strength + shift

@perturbation
def fade(images, mask, strength: Annotated[float, Range(0, 1, unit="shares")] = 0.5, how: Literal["a", "b"] = "a"):
    "Fades what goes."
    return mask * images + (1 - mask) * helper(images, strength)
"""


class Defining(CellsTest):
    def test_bad_definitions_say_why(self):
        for code, words in {
            "@perturbation\ndef f(images): return images": "takes `mask`",
            "@perturbation\ndef f(images, mask, s): return images": "needs a default",
            "@perturbation\ndef f(images, mask, s: list = []): return images": "expected float, int, bool, str or Literal",
            "@perturbation\ndef f(images, mask, s: Annotated[float, Range(0, 1)] = 2.0): return images": "the default of `s`",
            "@perturbation\ndef f(images, mask, **s): return images": "has no type",
            "@perturbation(needs=['gradient'])\ndef f(images, mask): return images": "did you mean `gradients`",
            "@perturbation(name='fa de')\ndef f(images, mask): return images": "is no name",
            "@perturbation\ndef blur(images, mask): return images": "already",
            "@perturbation\nclass f:\n    def __init__(self, images): pass": "`apply(self, mask)`",
            "@method\ndef f(maps): return maps": "takes `images`",
            "@method\ndef f(images, target: int = 0): return images": "argument of its own",
            "@method\ndef f(images, watch_: bool = True): return images": "argument of its own",
            "@perturbation\ndef f(images, mask, method_parameters: str = ''): return images": "`explain`",
            "@metric\ndef f(maps, mask: float = 0.5): return 0": "`measure`",
            "@perturbation\ndef f(images, mask, x: int = 0, x_: int = 1): return images": "`x` and `x_` are one name",
        }.items():
            with self.subTest(code):
                failed = self.failure(code)
                self.assertEqual(failed.name, "ArgumentError")
                self.assertIn(words, failed.text)

    def test_no_argument_of_explain_or_measure_can_be_a_parameter(self):
        for kind, (name, own) in definitions.OWN.items():
            found = inspect.signature(getattr(lacuna, name)).parameters.values()
            self.assertEqual(set(own), {one.name for one in found if one.kind != one.VAR_KEYWORD}, kind)

    def test_a_class_is_named_as_classes_are(self):
        self.run_cell("@perturbation\nclass MeanInpaint2D:\n    def __init__(self, images): pass\n    def apply(self, mask): return mask")
        self.assertEqual(self.run_cell("MeanInpaint2D.name"), "'mean-inpaint2-d'")
        self.run_cell("explain('scan', perturbation='MeanInpaint2D')")
        self.assertEqual(self.seen.requests[-1].perturbation.name, "mean-inpaint2-d")

    def test_a_choice_may_be_a_number(self):
        self.run_cell("@perturbation\ndef f(images, mask, size: Literal[8, 12, 'all'] = 8): return size")
        self.run_cell("explain('scan', perturbation='f', size=12)")
        self.assertEqual(self.seen.requests[-1].perturbation.settings[0].value.value, "12")
        self.assertIn("expected one of 8, 12, 'all'", self.failure("explain('scan', perturbation='f', size=9)").text)
        self.assertEqual([f.meant(option) for f in lacuna.notebook.catalogue.defined.values() for f in f.parameters for option in f.options], [8, 12, "all"])

    def test_help_tells_of_a_definition(self):
        self.run_cell("@method\ndef steep(images, power: Annotated[float, Range(1, 3)] = 2.0):\n    'How steep.\\n\\nMore.'\nhelp(steep)")
        self.assertIn("method steep\nHow steep.\n\nMore.\n  power = 2.0", self.printed())
        self.assertIn("from 1 to 3", self.printed())

    def test_a_definition_is_still_a_function(self):
        self.run_cell(FADE)
        self.assertEqual(self.run_cell("fade(ones(1, 1, 1, 2), zeros(1, 1, 1, 2)).tolist()"), "[[[[0.625, 0.625]]]]")


class Carrying(CellsTest):
    def adopt(self, index=-1):
        kind, _, code, handles = self.seen.defined[index]
        self.cells.adopt(kind, code, handles)
        return adopted

    def test_it_is_defined_when_it_is_used_and_again_when_it_changed(self):
        self.run_cell(FADE)
        self.assertEqual(self.seen.defined, [])
        self.run_cell("explain('scan', perturbation='fade', strength=0.25); explain('scan', perturbation=fade)")
        self.assertEqual(len(self.seen.defined), 1)
        self.run_cell("shift = tensor([0.5])\nexplain('scan', perturbation=fade)")
        self.assertEqual(len(self.seen.defined), 2)
        self.run_cell("def helper(images, strength): return images\nexplain('scan', perturbation=fade)")
        self.assertEqual(len(self.seen.defined), 3)

    def test_a_perturbation_in_another_instance(self):
        self.run_cell(FADE + "explain('scan', perturbation=fade)")
        other = self.adopt()
        info = app_description()
        self.assertEqual((info.name, info.summary, info.needs), ("fade", "Fades what goes.", []))
        self.assertEqual([(one.name, one.unit) for one in info.parameters], [("strength", "shares"), ("how", "")])
        images, mask = tensors.Tensor.full([1, 1, 1, 2], 1.0), tensors.Tensor.from_data([1, 1, 1, 2], [1.0, 0.0])
        made = other.create(images, [Setting("strength", Value_Number(0.25))], 7)
        self.assertEqual(made.apply(mask).read(), [1.0, 0.375])

    def test_a_cached_helper_is_carried(self):
        self.run_cell(
            "import functools\n@functools.lru_cache(maxsize=4)\ndef level(n): return n / 4\n"
            "@perturbation\ndef cached(images, mask): return images * level(2)\nexplain('scan', perturbation=cached)"
        )
        made = self.adopt().create(tensors.Tensor.full([1, 1, 1, 2], 1.0), [], 0)
        self.assertEqual(made.apply(tensors.Tensor.full([1, 1, 1, 2], 0.0)).read(), [0.5, 0.5])

    def test_a_definition_has_no_notebook(self):
        self.run_cell("@perturbation\ndef lost(images, mask): return image('scan')\nexplain('scan', perturbation=lost)")
        made = self.adopt().create(tensors.Tensor.full([1, 1, 1, 2], 1.0), [], 0)
        with self.assertRaises(Err) as raised:
            made.apply(tensors.Tensor.full([1, 1, 1, 2], 0.0))
        self.assertIn("runs without its notebook", raised.exception.value.value.text)

    def test_a_class_prepares_once(self):
        self.run_cell(
            "@perturbation\nclass grey:\n    def __init__(self, images, generator, seed): self.a = images; self.b = generator.reconstruct(images)\n"
            "    def apply(self, mask): return self.a.blend(self.b, mask)\nexplain('scan', perturbation=grey)"
        )
        other = self.adopt()
        self.assertEqual([need.name for need in app_description().needs], ["GENERATOR"])
        made = other.create(tensors.Tensor.full([1, 1, 1, 1], 1.0), [], 0)
        self.assertEqual(made.apply(tensors.Tensor.full([1, 1, 1, 1], 0.0)).read(), [0.5])

    def test_a_perturbation_may_keep_what_it_returns(self):
        self.run_cell(
            "@perturbation\ndef same(images, mask): return images\n"
            "@perturbation\ndef through(images, mask): return mask\nexplain('scan', perturbation=same)"
        )
        made = self.adopt().create(tensors.Tensor.full([1, 1, 1, 2], 1.0), [], 0)
        mask = tensors.Tensor.full([1, 1, 1, 2], 0.0)
        first, second = made.apply(mask), made.apply(mask)
        self.assertIsNot(first, second)
        opening.alone = False
        self.run_cell("explain('scan', perturbation=through)")
        made = self.adopt().create(tensors.Tensor.full([1, 1, 1, 2], 1.0), [], 0)
        self.assertIsNot(made.apply(mask), mask)

    def test_a_method_in_another_instance(self):
        self.run_cell(
            "import random\n@method(needs=[])\ndef drop(images, targets, classifier, perturb, steps: int = 2):\n"
            "    leaf = track(images)\n    score = classifier.scores(leaf, targets).sum()\n    deleted = perturb(images).apply(images[:, :1] * 0)\n"
            "    progress(1, steps, loss=score, weight=0.5)\n"
            "    return Result(gradient(score, leaf) + random.random(), {'perturbed': deleted}, [Finding('told', 'Is told', remedies=['raise steps'])])\n"
            "explain('scan', method=drop)"
        )
        self.adopt()
        images = tensors.Tensor.full([1, 1, 1, 2], 0.5)
        answer = adopted.explain(methods.Request(images, [1], Classifier(), [], 9))
        self.assertEqual(answer.map.read(), [1 + random.Random(9).random()] * 2)
        self.assertEqual([(one.name, one.role.name) for one in answer.extras], [("perturbed", "PERTURBED")])
        self.assertEqual(answer.findings[0].remedies[0].value, "raise steps")

    def test_a_definition_that_reads_numbers_asks_for_it(self):
        self.run_cell("@method\ndef reads(images): return images * images.max().item()\nexplain('scan', method=reads)")
        self.adopt()
        tensors.readback = False
        with self.assertRaises(Err) as raised:
            adopted.explain(methods.Request(tensors.Tensor.full([1, 1, 1, 2], 0.5), [1], Classifier(), [], 9))
        self.assertIn('of a method needs=["gradients", "readback"]', raised.exception.value.value.text)

    def test_an_empty_map_is_said_where_numbers_may_be_read(self):
        self.run_cell(
            "@method(needs=['readback'])\ndef empty(images): return images * 0\nexplain('scan', method=empty)"
        )
        self.adopt()
        images = tensors.Tensor.full([2, 1, 1, 2], 0.5)
        answer = adopted.explain(methods.Request(images, [1, 1], Classifier(), [], 9))
        self.assertEqual([(one.code, one.image) for one in answer.findings], [("zero-map", 0), ("zero-map", 1)])

    def test_a_metric_in_another_instance(self):
        self.run_cell(
            "@metric\ndef size(maps, masks): return [None if masks is None else 1]\nmeasure(size, explain('scan'))"
        )
        self.adopt()
        images = tensors.Tensor.full([1, 1, 1, 2], 0.5)
        self.assertEqual(adopted.measure(metrics.Request(images, images, images, [1], Classifier(), [], 0)), [1.0])
        self.assertEqual(adopted.measure(metrics.Request(images, images, None, [1], Classifier(), [], 0)), [None])

    def test_an_exception_tells_its_line(self):
        self.run_cell("@perturbation\ndef bad(images, mask):\n    return {}['a']\nexplain('scan', perturbation=bad)")
        made = self.adopt().create(tensors.Tensor.full([1], 1.0), [], 0)
        with self.assertRaises(Err) as raised:
            made.apply(tensors.Tensor.full([1], 1.0))
        self.assertEqual(raised.exception.value.value.text, "KeyError: 'a' (cell 1, line 3)")

    def test_what_cannot_be_carried_says_so(self):
        self.run_cell("c = classifier()\n@perturbation\ndef f(images, mask): return c.logits(images)")
        self.assertIn("takes `classifier` as an argument", self.failure("explain('scan', perturbation=f)").text)
        self.run_cell("g = (i for i in [1])\n@perturbation\ndef f(images, mask): return next(g)")
        self.assertIn("cannot be carried", self.failure("explain('scan', perturbation=f)").text)


def app_description():
    return adopted.info()
