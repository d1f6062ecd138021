"""The part of the vocabulary that asks the notebook: images and models by name, explanations, pictures, and saving."""

from interpreter.display import adapters as display_adapters

from .. import tensors
from . import assisting, pictures  # noqa: F401
from .carrying import Uncarried
from .catalogue import images, methods, metrics, perturbations
from .explaining import Comparison, Explanation, compare, explain
from .measuring import auc, measure
from .opening import Image, classifier, fitted, generator, image, lesion, volume
from .pictures import HTML, Markdown, Picture, clear_output, display, overlay, show
from .saving import save_plugin

__all__ = """
Comparison Explanation HTML Image Markdown Picture Uncarried auc classifier clear_output compare display explain fitted generator
image images lesion measure methods metrics overlay perturbations save_plugin show volume
""".split()

display_adapters.append(pictures.adapted)
tensors.Tensor._repr_png_ = pictures.png_of_tensor
