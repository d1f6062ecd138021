"""Pictures of images, maps and explanations: the host draws them, and no number is read back."""

import base64

from wit_world.imports import notebook
from wit_world.imports.notebook import Content_Base64, Content_Text, Form, Tile

from .. import fitting
from ..errors import ArgumentError, LacunaError, call
from ..tensors import Tensor

LEAST = 8
"""Rows and columns from which a tensor looks like an image."""
MOST = 64
"""Tiles of one picture."""


class Picture:
    """A picture, as PNG."""

    def __init__(self, png, text):
        self.png, self.text = png, text

    def __repr__(self):
        return self.text

    def _repr_png_(self):
        return self.png


class Overlay(Picture):
    """A map over an image, which stands beside others in `show`."""

    def __init__(self, image, map, title, width):
        self._image, self._map, self._title = image, map, title
        super().__init__(draw([(title, image, map)], 1, width), f"<overlay {title}>".replace(" >", ">"))

    def tiles(self, title=""):
        """(title, image, map)."""
        return [(title or self._title, self._image, self._map)]


def overlay(image, map, title="", width=0):
    """A map over an image, as a picture. Both are of one grid: (1, C, H, W) and (1, 1, H, W)."""
    own, image, map = hasattr(image, "name"), as_image(image), as_image(map, 1)
    # A classifier may squeeze the notebook's image; a tensor of other proportions is of another image.
    if not own and not proportional(image.shape[2:], map.shape[2:]):
        raise ArgumentError(f"the image has the shape {image.shape} and the map {map.shape}, which are of other proportions")
    return Overlay(image, map, title, width)


def proportional(sizes, others):
    """Whether one grid is the other made larger or smaller, up to a pixel."""
    if len(sizes) != len(others):
        return False
    factor = others[0] / sizes[0]
    return all(abs(size * factor - other) <= max(1.0, factor) for size, other in zip(sizes, others))


def draw(tiles, columns=0, width=0):
    """PNG of tiles (title, image or None, map or None) in rows."""
    if len(tiles) > MOST:
        raise ArgumentError(f"{len(tiles)} tiles, and a picture has {MOST} at most")
    for name, value in (("columns", columns), ("width", width)):
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ArgumentError(f"`{name}` is {value!r}, expected a whole number from 0")
    made = [
        Tile(title, image.handle if image is not None else None, map.handle if map is not None else None)
        for title, image, map in tiles
    ]
    columns = columns or min(len(tiles), 4)
    # The host takes tensors of tiles over: it is given handles of its own.
    for tile in made:
        tile.image = call(tile.image.share) if tile.image is not None else None
        tile.map = call(tile.map.share) if tile.map is not None else None
    return call(notebook.picture, made, columns, width)


def looks_like_image(tensor):
    """Whether a tensor can be shown as a picture: rows and columns last, and 1 or 3 channels before them or nothing."""
    shape = tensor.shape
    if len(shape) < 2 or min(shape[-2:]) < LEAST:
        return False
    return len(shape) == 2 or (len(shape) in (3, 4) and shape[-3] in (1, 3)) or (len(shape) == 5 and shape[1] in (1, 3))


def as_image(tensor, channels=None):
    """A tensor in the shape that a tile has: (1, C, H, W), or (1, C, D, H, W) of a volume."""
    if not isinstance(tensor, Tensor) or not looks_like_image(tensor):
        shape = getattr(tensor, "shape", type(tensor).__name__)
        raise ArgumentError(
            f"a picture is (1, C, H, W) with 1 or 3 channels and {LEAST} rows and columns at least, not {shape}"
        )
    if tensor.ndim < 4:
        tensor = tensor.reshape((1,) * (4 - tensor.ndim) + tensor.shape)
    return tensor


def tiles_of(value, title=""):
    """The tiles of an image, of a batch, or of an explanation."""
    if hasattr(value, "tiles"):
        return value.tiles(title)
    image = as_image(value)
    count = image.shape[0]
    if count == 1:
        return [(title, image, None)]
    return [(f"{title} {index}".strip(), image[index : index + 1], None) for index in range(min(count, MOST))]


def png_of_tensor(tensor):
    """What `_repr_png_` of a tensor answers: a picture where it looks like an image, else nothing."""
    if not looks_like_image(tensor):
        return None
    try:
        return draw(tiles_of(tensor)[:16])
    except LacunaError:
        return None


def grid(values, titles=None, columns=0, width=0):
    """Images and explanations side by side, as a picture."""
    titles = list(titles or [])
    tiles = []
    for index, value in enumerate(values):
        tiles += tiles_of(value, titles[index] if index < len(titles) else "")
    return Picture(draw(tiles, columns, width), f"<picture of {len(tiles)}>")


def drawable(value):
    """Whether a value is an image, an explanation, or a list of those."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(drawable(part) and not isinstance(part, (list, tuple)) for part in value)
    return hasattr(value, "tiles") or (isinstance(value, Tensor) and looks_like_image(value))


def adapted(value):
    """A list of images or explanations as a grid; None for everything else."""
    if type(value) in (list, tuple) and drawable(value) and len(value) <= MOST:
        try:
            return grid(value)
        except LacunaError:
            return None
    return None


def show(*values, titles=None, columns=0, width=0):
    """Shows things below the cell at once: images and explanations side by side, anything else as it shows itself."""
    if values and all(drawable(value) for value in values):
        flat = [part for value in values for part in (value if isinstance(value, (list, tuple)) else [value])]
        values = [grid(flat, titles, columns, width)]
    display(*values)


def display(*values, id=None, update=False):
    """Shows things below the cell, each by itself. With an id, `update=True` replaces what was shown under it."""
    for value in values:
        call(notebook.display, forms(value), id, update)


def clear_output(wait=False):
    """Empties the cell's output, at once or when something new comes."""
    call(notebook.clear, wait)


def forms(value):
    """The forms of a value, as the contract has them."""
    from interpreter import display as shown

    return [form(mime, data) for mime, data in shown.forms(value).items()]


def form(mime, data):
    """One form, as the contract has it. The bindings never free a list of bytes that they hand over, and text they do."""
    try:
        return Form(fitting.text(mime), Content_Text(data.decode()))
    except UnicodeDecodeError:
        return Form(fitting.text(mime), Content_Base64(base64.b64encode(data).decode()))


class HTML:
    """Text that is shown as HTML."""

    def __init__(self, text):
        self.text = str(text)

    def __repr__(self):
        return f"<HTML of {len(self.text)} characters>"

    def _repr_html_(self):
        return self.text


class Markdown:
    """Text that is shown as Markdown."""

    def __init__(self, text):
        self.text = str(text)

    def __repr__(self):
        return self.text

    def _repr_markdown_(self):
        return self.text
