"""Arguments by the names that NumPy and PyTorch give them: `axis` or `dim`, `keepdims` or `keepdim`."""

import functools
import inspect

from .errors import ArgumentError


def spelled(**others):
    """A decorator of a function whose arguments have second names: `spelled(dim="axis")` takes `dim=` for `axis=`."""

    def decorate(function):
        flags = [
            place
            for place, parameter in enumerate(inspect.signature(function).parameters.values())
            if isinstance(parameter.default, bool)
        ]

        @functools.wraps(function)
        def act(*arguments, **keywords):
            for place in flags:
                if place < len(arguments) and not isinstance(arguments[place], bool):
                    raise ArgumentError(f"{function.__name__}() takes several axes as one tuple: axis=(2, 3)")
            for name in others.keys() & keywords.keys():
                if others[name] in keywords:
                    raise TypeError(f"`{name}` and `{others[name]}` are the same argument of {function.__name__}()")
                keywords[others[name]] = keywords.pop(name)
            return function(*arguments, **keywords)

        return act

    return decorate


along = spelled(dim="axis", dims="axis", keepdim="keepdims")
"""Of a function over dimensions."""
