"""The interface `generators`: everything healthy is grey."""

from dataclasses import make_dataclass

GeneratorInfo = make_dataclass("GeneratorInfo", ["name", "channels", "spatial", "latent"])


class Generator:
    def info(self):
        return GeneratorInfo("grey", 1, [8, 8], None)

    def reconstruct(self, images):
        return images.affine(0.0, 0.5)


def chosen():
    return Generator()
