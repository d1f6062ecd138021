"""The interface `remedies`."""

from dataclasses import make_dataclass
from enum import Enum

Direction = Enum("Direction", ["LARGER", "SMALLER", "ANOTHER"])
Choice = Enum("Choice", ["TARGET", "METHOD", "PERTURBATION", "CLASSIFIER", "GENERATOR", "DEVICE"])
Adjustment = make_dataclass("Adjustment", ["parameter", "direction"])
Remedy_Set, Remedy_Adjust, Remedy_Choose, Remedy_Advice = (
    make_dataclass(f"Remedy_{name}", ["value"]) for name in ("Set", "Adjust", "Choose", "Advice")
)
