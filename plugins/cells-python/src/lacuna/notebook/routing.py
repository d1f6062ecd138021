"""Sends each keyword of `explain` to the method or the perturbation that describes it."""

from wit_world.imports import notebook, parameters as contract

from ..definitions import OWN, Definition
from ..errors import ArgumentError, contract_name, nearest, plugin_name
from . import carrying, catalogue

VALUES = {
    "number": contract.Value_Number,
    "integer": contract.Value_Integer,
    "choice": contract.Value_Choice,
    "flag": contract.Value_Flag,
    "text": contract.Value_Text,
}


class Target:
    """A plugin or a cell's definition, with the values that were given for it."""

    def __init__(self, kind, chosen):
        self.kind, self.definition, self.values = kind, None, {}
        if isinstance(chosen, Definition):
            if chosen.kind != kind:
                raise ArgumentError(f"`{chosen.name}` is a {chosen.kind}, and was given as the {kind}")
            self.definition = chosen
        elif isinstance(chosen, (str, catalogue.Entry)):
            self.definition = catalogue.defined.get((kind, plugin_name(str(chosen))))
        else:
            raise ArgumentError(
                f"a {kind} is given by its name or as what @{kind} made, not as a {type(chosen).__name__}"
            )
        found = self.definition or catalogue.find(kind, str(chosen))
        self.deletes = "perturb" in self.definition.given if self.definition else found.deletes
        self.name, self.parameters = found.name, {one.name: one for one in found.parameters}

    def set(self, name, value):
        """Takes a value for one of its parameters."""
        self.values[contract_name(name)] = self.parameters[contract_name(name)].checked(value)

    def take(self, values, argument):
        """Takes values that were meant for it by name."""
        if not isinstance(values, dict):
            raise TypeError(f"`{argument}` is {values!r}, expected a dictionary from names of parameters to values")
        for name, value in values.items():
            if contract_name(name) not in self.parameters:
                known = [one.python_name for one in self.parameters.values()]
                near = nearest(name, known)
                raise ArgumentError(
                    f"{argument}: the {self.kind} `{self.name}` has no parameter `{name}`{near} ({_listed(known)})"
                )
            self.set(name, value)

    def selection(self):
        """What crosses to the host. A definition of a cell is carried over first."""
        if self.definition is not None:
            carrying.carry(self.definition)
        settings = [
            contract.Setting(name, VALUES[self.parameters[name].kind](value)) for name, value in self.values.items()
        ]
        return notebook.Selection(self.name, settings)


def chosen(kind, given, values):
    """The target of a kind; where none is given but values may be meant for it, the default one; else None."""
    if given is not None:
        return Target(kind, given)
    if not values:
        return None
    known = catalogue.entries(kind)
    return Target(kind, known[0].name) if known else None


def route(method, perturbation, values, method_values, perturbation_values, named=()):
    """Gives each value to the target that describes its name; refused where none does.

    Where both do, the one that the caller named gets it; refused where that is both or none.
    """
    targets = [target for target in (method, perturbation) if target is not None]
    for name, value in values.items():
        takers = [target for target in targets if contract_name(name) in target.parameters]
        if len(takers) == 2 and len(named) == 1:
            takers = named
        if len(takers) == 2:
            raise ArgumentError(
                f"both the method `{method.name}` and the perturbation `{perturbation.name}` have a parameter `{name}`: write "
                f"method_parameters={{{name!r}: {value!r}}} or perturbation_parameters={{{name!r}: {value!r}}}"
            )
        if not takers:
            known = list(dict.fromkeys(one.python_name for target in targets for one in target.parameters.values()))
            owners = " nor ".join(f"the {target.kind} `{target.name}`" for target in targets)
            none = f"neither {owners} has a" if len(targets) > 1 else f"{owners} has no"
            # A word of `explain` itself may be meant.
            near = nearest(name, [*OWN["method"][1], *known])
            raise ArgumentError(f"{none} parameter `{name}`{near} ({_listed(known)})")
        takers[0].set(name, value)
    for target, given, argument in (
        (method, method_values, "method_parameters"),
        (perturbation, perturbation_values, "perturbation_parameters"),
    ):
        if given:
            target.take(given, argument)


def _listed(names):
    return "it has: " + ", ".join(names) if names else "it has none"
