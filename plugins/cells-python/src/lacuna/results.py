"""What a method may return besides a map: extras and findings."""

from dataclasses import dataclass, field

from .errors import ArgumentError


@dataclass
class Finding:
    """What the user should know of a result. `code` is lower-case words joined by hyphens; `image` counts from 0, None is all.

    Remedies are sentences such as "raise steps", or the contract's remedies.
    """

    code: str
    text: str
    image: int | None = None
    remedies: list = field(default_factory=list)

    def __post_init__(self):
        for name, value in (("code", self.code), ("text", self.text)):
            if not isinstance(value, str):
                raise ArgumentError(f"`{name}` is {value!r}, expected text")
        if self.image is not None and (not isinstance(self.image, int) or not 0 <= self.image < 2**32):
            raise ArgumentError(f"`image` is {self.image!r}, expected the number of an image from 0, or None for all")

    def __str__(self):
        return self.text


@dataclass
class Result:
    """A map (N, 1, H, W), tensors that belong to it, and findings.

    Extras are tensors with one entry for each image. Those named `perturbed`, `counterfactual` and `mask` are what these words say.
    """

    map: object
    extras: dict = field(default_factory=dict)
    findings: list = field(default_factory=list)
