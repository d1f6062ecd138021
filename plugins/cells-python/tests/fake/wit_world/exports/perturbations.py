"""The interface `perturbations`, from its other side."""


class Perturbation:
    pass
