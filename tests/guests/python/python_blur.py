"""A perturbation in Python: deletes regions by blurring them.

Phi(x; m) = m x + (1 - m) R (Uzunova 2019, Eq. 2), where the reference R is the image, blurred.
"""

import operators  # noqa: F401: adds `+ - * /` to tensors
from wit_world import exports
from wit_world.exports.description import Kind_Number, NumberRange, Parameter, PluginInfo


class Description(exports.Description):
    def describe(self):
        """What users see in `lacuna plugins inspect python-blur`. The name is what they type."""
        sigma = Parameter(
            name="sigma",
            summary="Standard deviation of the Gaussian, on the classifier's grid",
            kind=Kind_Number(NumberRange(default=10.0, minimum=0.0, maximum=200.0)),
            unit="pixels",
            source="Fong and Vedaldi 2017, Sec. 4.1, for 224 x 224",
        )
        return PluginInfo(
            name="python-blur",
            version="0.1.0",
            summary="Replaces deleted regions by a Gaussian blur of the image, in Python",
            needs=[],
            parameters=[sigma],
            presets=[],
        )


class Perturbations(exports.Perturbations):
    def create(self, images, settings, seed):
        """Called once for a batch of images (N, C, H, W) in [0, 1]. Settings hold every parameter."""
        values = {setting.name: setting.value.value for setting in settings}
        # The images are lent for this call only: a second handle stays.
        return Perturbation(images.share(), images.gaussian_blur([values["sigma"]]))


class Perturbation(exports.perturbations.Perturbation):
    def __init__(self, images, reference):
        self.images, self.reference = images, reference

    def apply(self, mask):
        """Called in every step with a mask (N, 1, H, W), where 1 keeps the pixel. Gradients flow back through it."""
        return mask * self.images + (1.0 - mask) * self.reference
