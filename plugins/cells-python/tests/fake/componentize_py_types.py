"""Stands for the module that componentize-py makes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Err(Exception):
    value: object
