"""The interface `metrics`."""

from dataclasses import make_dataclass

Request = make_dataclass("Request", ["images", "maps", "masks", "targets", "classifier", "settings", "seed"])
