"""The interface `autodiff`, for sums of leaves: every gradient is 1."""


class Gradients:
    def of_leaf(self, leaf):
        return leaf.affine(0.0, 1.0)


def track(value):
    return value.share()


def detach(value):
    return value.share()


def backward(scalar):
    return Gradients()
