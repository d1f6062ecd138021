"""Explanations as a piece of HTML with a slider over the map's threshold, for a notebook and for its exported page.

The host draws the image and the map as pictures, from which the page's script draws everything else: no number of the map is
read back, and nothing is loaded from anywhere. Where scripts are off, the picture stays.
"""

import base64
import html as escaping
import json

from . import pictures, slider_script

MOST_FIGURES = 8
"""Images that share one slider; more are shown as a picture only."""
SIDES = ((384, 0), (224, 160), (144, 128), (96, 96))
"""Longer sides of the images, and of a tile of the still picture (0 for its own), tried until all are small enough."""
MOST_BYTES, MORE_BYTES = 150_000, 50_000
"""Bytes of all pictures of one figure, and of each further one, before base64 makes them a third larger."""


def forms(still, figures, notes=(), columns=0):
    """A dictionary from MIME types: the picture, and the piece unless there are too many figures, or they are too large.

    `still(width)` draws the picture, as PNG, which is also shown where scripts are off. `figures` are (title, image, map, perturbed)
    with tensors of one grid, (1, C, H, W) and (1, 1, H, W); `perturbed` is the image that the mask made, or None. `notes` are
    sentences below; `columns` says how many stand side by side, 0 as many as there is room for.
    """
    whole = still(0)
    found = {"image/png": whole}
    for side, tile in SIDES if 0 < len(figures) <= MOST_FIGURES else ():
        page, picture = Pictures(side), still(tile) if tile else whole
        described = [
            {
                "title": title,
                "image": page.add(image),
                "map": page.add(None, map),
                "perturbed": None if perturbed is None else page.add(perturbed),
            }
            for title, image, map, perturbed in figures
        ]
        if page.bytes + len(picture) <= MOST_BYTES + MORE_BYTES * (len(figures) - 1):
            found["text/html"] = _written(
                picture, {"pictures": page.texts, "figures": described, "columns": columns}
            ) + _listed(notes)
            break
    return found


class Pictures:
    """Pictures of a piece; the same one is kept once."""

    def __init__(self, side):
        self.side, self.texts, self.bytes, self._places = side, [], 0, {}

    def add(self, image, map=None):
        """The place of an image's picture, or of a map's in grey."""
        height, width = (map if image is None else image).shape[-2:]
        png = pictures.draw([("", image, map)], 1, min(self.side, max(height, width)))
        if png not in self._places:
            self._places[png] = len(self.texts)
            self.texts.append(base64.b64encode(png).decode())
            self.bytes += len(png)
        return self._places[png]


def _written(picture, data):
    # `</script>` in a title would end the script.
    told = json.dumps(data).replace("<", "\\u003c")
    still = base64.b64encode(picture).decode()
    return (
        f'<div class="lacuna-slider"><img alt="the map over the image" src="data:image/png;base64,{still}">'
        f"<script>({slider_script.SCRIPT})({told});</script></div>"
    )


def _listed(notes):
    items = "".join(f"<li>{escaping.escape(note)}</li>" for note in notes)
    return f'<ul style="margin: 6px 0; max-width: 60em">{items}</ul>' if items else ""
