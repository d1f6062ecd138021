"""Progress of long work in a definition, which is also where a user's wish to stop arrives."""

from wit_world.imports import progress as contract

from .errors import call


def progress(step, total, **terms):
    """Says that `step` of `total` steps are done; terms are tensors of one number, such as the loss: `progress(3, 40, loss=loss)`."""
    call(
        contract.report,
        int(step),
        int(total),
        [contract.Term(name.replace("_", "-"), value.handle) for name, value in terms.items()],
    )
