"""The vocabulary of Lacuna's cells and of plugins in Python.

Everywhere: tensors with operators, slices and methods (`help(Tensor)` lists them), made by `tensor`, `zeros`, `ones`,
`full`, `eye`, `arange`, `linspace`, `meshgrid`, `rand`, `randn`, `uniform`, `normal`, `cat`, `stack`, `where`; their
functions `exp`, `log`, `sqrt`, `sigmoid`, `minimum`, `maximum`; gradients (`track`, `backward`, `gradient`, `Adam`);
and the decorators `@perturbation`, `@method`, `@metric`. Each call draws other random numbers, each run the same ones;
`seed=` fixes those of a call.
In a notebook also: `image`, `volume`, `lesion`, `fitted`, `classifier`, `generator`, `images`, `methods`, `perturbations`,
`metrics`, `explain`, `compare`, `show`, `overlay`, `auc`, `measure` and `save_plugin`.

To begin with: `images()`, then `explain(images()[0], method="occlusion")`. `help("lacuna.toml")` tells what cells may use.
"""

from typing import Annotated, Literal

from .creating import (
    arange,
    cat,
    concatenate,
    eye,
    full,
    full_like,
    linspace,
    meshgrid,
    normal,
    ones,
    ones_like,
    rand,
    randn,
    stack,
    tensor,
    uniform,
    where,
    zeros,
    zeros_like,
)
from .definitions import Definition, method, metric, perturbation
from .errors import (
    ArgumentError,
    GradientError,
    LacunaError,
    LimitError,
    NonFiniteError,
    PluginError,
    Refused,
    SandboxError,
    ShapeError,
)
from .functions import exp, log, maximum, minimum, sigmoid, sqrt
from .gradients import Adam, backward, detach, gradient, track
from .models import Classifier, Generator
from .parameters import Range
from .reporting import progress
from .results import Finding, Result
from .tensors import Tensor

__all__ = """
Adam Annotated ArgumentError Classifier Definition Finding Generator GradientError LacunaError LimitError Literal
NonFiniteError PluginError Range Refused Result SandboxError ShapeError Tensor arange backward cat concatenate detach
exp eye full full_like gradient linspace log maximum meshgrid method metric minimum normal ones ones_like perturbation
progress rand randn sigmoid sqrt stack tensor track uniform where zeros zeros_like
""".split()

try:
    import wit_world.imports.notebook  # noqa: F401
except ImportError:
    pass  # A plugin outside of notebooks.
else:
    from . import notebook
    from .notebook import *  # noqa: F403

    __all__ += notebook.__all__
