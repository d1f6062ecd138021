"""The interface `findings`."""

from dataclasses import make_dataclass

Finding = make_dataclass("Finding", ["image", "code", "text", "remedies"])
