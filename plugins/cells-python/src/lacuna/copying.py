"""What may not be copied or pickled: a number that names something of the host means nothing anywhere else."""


def refuse_pickling(kind, words):
    """Makes pickling of a class's instances a TypeError with these words."""

    def refuse(self, _protocol=None):
        raise TypeError(f"{words[0]} cannot be pickled: {words[1]}")

    kind.__reduce_ex__ = kind.__reduce__ = refuse


def refuse(kind, words):
    """Makes copying and pickling of a class's instances a TypeError: `words` are what it is, and what to do instead."""

    def refuse_copy(self, _memo=None):
        raise TypeError(f"{words[0]} cannot be copied: {words[1]}")

    kind.__copy__ = kind.__deepcopy__ = refuse_copy
    refuse_pickling(kind, words)


def one_for_all(kind, words):
    """A copy of what never changes is itself; pickling it is a TypeError."""
    kind.__copy__ = lambda self: self
    kind.__deepcopy__ = lambda self, _memo: self
    refuse_pickling(kind, words)


def handles(*kinds):
    """Refuses copies of the bindings' handles: two of one number would free it twice."""
    for kind in kinds:
        refuse(kind, ("a handle of the host's", "copy the object that holds it"))
