"""The interface `errors`."""

from dataclasses import make_dataclass

ShapeMismatch = make_dataclass("ShapeMismatch", ["operation", "expected", "found"])
InvalidArgument = make_dataclass("InvalidArgument", ["operation", "argument", "expected", "found"])
ExhaustedLimit = make_dataclass("ExhaustedLimit", ["limit", "allowed", "requested"])
Refusal = make_dataclass("Refusal", ["text", "remedies"])
Error_Shape, Error_Argument, Error_Limit, Error_NotDifferentiable, Error_Unsupported, Error_NonFinite, Error_Plugin = (
    make_dataclass(f"Error_{name}", ["value"])
    for name in ("Shape", "Argument", "Limit", "NotDifferentiable", "Unsupported", "NonFinite", "Plugin")
)
Error_Cancelled = make_dataclass("Error_Cancelled", [])
