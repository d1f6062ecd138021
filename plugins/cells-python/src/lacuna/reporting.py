"""Progress of long work in a definition, which is also where a user's wish to stop arrives."""

from wit_world.imports import progress as contract

from .creating import tensor
from .errors import call


def progress(step, total, **terms):
    """Says that `step` of `total` steps are done; terms are numbers or tensors of one, such as the loss: `progress(3, 40, loss=loss)`."""
    # The tensors are lent: they live until the report is made.
    terms = {name: tensor(value) for name, value in terms.items()}
    call(
        contract.report,
        step,
        total,
        [contract.Term(name.replace("_", "-"), value.handle) for name, value in terms.items()],
    )
