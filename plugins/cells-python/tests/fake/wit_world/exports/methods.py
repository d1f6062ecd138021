"""The interface `methods`."""

from dataclasses import make_dataclass
from enum import Enum

Role = Enum("Role", ["PERTURBED", "COUNTERFACTUAL", "MASK", "OTHER"])
Extra = make_dataclass("Extra", ["name", "role", "value"])
Explanation = make_dataclass("Explanation", ["map", "extras", "findings"])
Request = make_dataclass("Request", ["images", "targets", "classifier", "settings", "seed"])
