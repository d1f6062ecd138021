"""The interface `description`."""

from dataclasses import make_dataclass
from enum import Enum

Need = Enum("Need", ["GRADIENTS", "ACTIVATIONS", "GENERATOR", "READBACK"])
NumberRange = make_dataclass("NumberRange", ["default", "minimum", "maximum"])
IntegerRange = make_dataclass("IntegerRange", ["default", "minimum", "maximum"])
ChoiceOptions = make_dataclass("ChoiceOptions", ["default", "options"])
Kind_Number, Kind_Integer, Kind_Choice, Kind_Flag, Kind_Text = (
    make_dataclass(f"Kind_{name}", ["value"]) for name in ("Number", "Integer", "Choice", "Flag", "Text")
)
Parameter = make_dataclass("Parameter", ["name", "summary", "kind", "unit", "source"])
PluginInfo = make_dataclass("PluginInfo", ["name", "version", "summary", "needs", "parameters", "presets"])
