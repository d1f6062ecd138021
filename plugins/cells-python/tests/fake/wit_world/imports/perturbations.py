"""The interface `perturbations`: deletes to black."""


class Perturbation:
    def __init__(self, images):
        self.images = images

    def apply(self, mask):
        return self.images.multiply(mask)


def create(images, settings, seed):
    return Perturbation(images.share())
