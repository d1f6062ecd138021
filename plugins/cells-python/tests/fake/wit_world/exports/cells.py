"""The interface `cells`."""

from dataclasses import make_dataclass

Failure = make_dataclass("Failure", ["name", "text", "traceback"])
Completion = make_dataclass("Completion", ["text", "kind", "signature"])
Completions = make_dataclass("Completions", ["start", "end", "items"])
Completeness_Complete, Completeness_Invalid = make_dataclass("Complete", []), make_dataclass("Invalid", [])
Completeness_Incomplete = make_dataclass("Completeness_Incomplete", ["value"])
