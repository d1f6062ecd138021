"""The interface `parameters`."""

from dataclasses import make_dataclass

Value_Number, Value_Integer, Value_Choice, Value_Flag, Value_Text = (
    make_dataclass(f"Value_{name}", ["value"]) for name in ("Number", "Integer", "Choice", "Flag", "Text")
)
Setting = make_dataclass("Setting", ["name", "value"])
