"""What the notebook opened and which plugins there are, as tables that show themselves."""

import html

from wit_world.imports import notebook

from ..errors import ArgumentError, contract_name, nearest, plugin_name
from ..parameters import Parameter, described

KINDS = ("image", "volume", "classifier", "generator", "method", "perturbation", "metric")


defined = {}
"""The newest definition of each (kind, name) that cells made; the host hears of one when it is first used."""


class Entry:
    """One thing that a cell may name; `parameters` are those of a plugin, and `deletes` says whether it takes a perturbation."""

    def __init__(self, kind, name, summary, parameters, deletes=False):
        self.kind, self.name, self.summary, self.parameters = kind, name, summary, list(parameters)
        self.deletes = deletes

    def parameter(self, name):
        """The parameter of that name, in Python's or the contract's spelling; None where there is none."""
        return next((one for one in self.parameters if one.name == contract_name(name)), None)

    def __repr__(self):
        parts = [f"{one.python_name}={one.default!r}" for one in self.parameters]
        return f"{self.name}({', '.join(parts)}): {self.summary}" if parts else f"{self.name}: {self.summary}"

    def __str__(self):
        return self.name

    def describe(self):
        """Name, summary and every parameter, as text."""
        return described(f"{self.kind} {self.name}", self.summary, self.parameters)

    def _repr_html_(self):
        return table([self])


class Entries(list):
    """Entries, shown as a table; `name in images()` and `images()[name]` find one by its name."""

    def __contains__(self, name):
        return any(one is name or one.name == name for one in self)

    def __getitem__(self, key):
        if isinstance(key, str):
            for one in self:
                if one.name == key:
                    return one
            names = [one.name for one in self]
            raise KeyError(f"{key!r}{nearest(key, names)} (there are: {', '.join(names[:30]) or 'none'})")
        found = super().__getitem__(key)
        return Entries(found) if isinstance(key, slice) else found

    def __repr__(self):
        return "\n".join(map(repr, self)) or "nothing"

    def _repr_html_(self):
        return table(self)


def entries(*kinds):
    """The entries of these kinds: the host's, and those that cells defined."""
    found = Entries()
    for one in notebook.catalogue():
        kind = one.kind.name.lower()
        if kind in kinds and (kind, one.name) not in defined:
            found.append(Entry(kind, one.name, one.summary, map(_parameter, one.parameters), one.deletes))
    own = [one for (kind, _), one in defined.items() if kind in kinds]
    return Entries(
        found + [Entry(one.kind, one.name, one.summary, one.parameters, "perturb" in one.given) for one in own]
    )


def find(kind, name):
    """The entry of that name; refused with the nearest one."""
    known = entries(kind)
    name = name.name if isinstance(name, Entry) else name
    for one in known:
        if one.name in (name, plugin_name(name)):
            return one
    names = [one.name for one in known]
    listed = ", ".join(names[:30]) or "none"
    raise ArgumentError(f"there is no {kind} `{name}`{nearest(name, names)} (there are: {listed})")


def images():
    """The images and volumes that the notebook opened."""
    return entries("image", "volume")


def methods():
    """The explanation methods, with their parameters."""
    return entries("method")


def perturbations():
    """The ways to delete regions, with their parameters."""
    return entries("perturbation")


def metrics():
    """The numbers that say how good maps are, with their parameters."""
    return entries("metric")


def table(rows):
    """Entries as an HTML table."""
    left = "style='text-align:left'"
    described = any(row.parameters for row in rows)
    heads = ["name", "what", "parameters"] if described else ["name", "what"]
    lines = ["<table><thead><tr>" + "".join(f"<th {left}>{head}</th>" for head in heads) + "</tr></thead><tbody>"]
    for row in rows:
        parameters = "".join(
            f"<li><code>{html.escape(one.python_name)}={html.escape(repr(one.default))}</code>"
            f"{html.escape(f' {one.unit}' if one.unit else '')}: {html.escape(one.summary)} "
            f"<small>({html.escape(one.allowed)})</small></li>"
            for one in row.parameters
        )
        listed = f"<ul style='margin:0;padding-left:1em'>{parameters}</ul>" if parameters else ""
        lines.append(
            f"<tr><td {left}><code>{html.escape(row.name)}</code></td><td {left}>{html.escape(row.summary)}</td>"
            + (f"<td {left}>{listed}</td></tr>" if described else "</tr>")
        )
    return "".join(lines) + "</tbody></table>"


def _parameter(one):
    kind = type(one.default).__name__.removeprefix("Value_").lower()
    return Parameter(
        name=one.name,
        kind=kind,
        default=one.default.value,
        minimum=one.minimum,
        maximum=one.maximum,
        options=tuple(one.options),
        unit=one.unit,
        source=one.source,
        summary=one.summary,
    )
