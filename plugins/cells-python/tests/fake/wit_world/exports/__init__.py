"""What a component offers."""

from . import cells, description, methods, metrics, perturbations  # noqa: F401


class Cells:
    pass


class Description:
    pass


class Perturbations:
    pass


class Methods:
    pass


class Metrics:
    pass
