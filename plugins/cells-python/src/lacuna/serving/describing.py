"""A definition as the contract describes plugins."""

from wit_world.exports import description as wit

from .. import fitting

KINDS = {
    "number": lambda p: wit.Kind_Number(wit.NumberRange(p.default, p.minimum, p.maximum)),
    "integer": lambda p: wit.Kind_Integer(wit.IntegerRange(p.default, p.minimum, p.maximum)),
    "choice": lambda p: wit.Kind_Choice(wit.ChoiceOptions(p.default, list(p.options))),
    "flag": lambda p: wit.Kind_Flag(p.default),
    "text": lambda p: wit.Kind_Text(p.default),
}


def info(definition):
    """What `describe` answers."""
    made = wit.PluginInfo(
        name=definition.name,
        version=definition.version,
        summary=definition.summary,
        needs=[wit.Need[need.upper()] for need in definition.needs],
        parameters=[
            wit.Parameter(p.name, p.summary, KINDS[p.kind](p), p.unit, p.source) for p in definition.parameters
        ],
        presets=[],
    )
    return fitting.record(made)


def arguments(definition, settings):
    """The host's settings as the function's keywords."""
    names = {parameter.name: parameter.python_name for parameter in definition.parameters}
    spelled = {name.strip("_"): name for name in _own_names(definition)}
    meant = {parameter.name: parameter.meant for parameter in definition.parameters}
    values = {
        names[setting.name]: meant[setting.name](setting.value.value) for setting in settings if setting.name in names
    }
    return {spelled.get(name, name): value for name, value in values.items()}


def _own_names(definition):
    code = getattr(definition._called(), "__code__", None)
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code else ()
