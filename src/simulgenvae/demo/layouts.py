"""Boards with components at random places, and their images."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from PIL import Image

from simulgenvae.demo.board import EDGE_SPREADERS, ELEMENT_SIZE, LENGTH, WIDTH, BoardLayout, Box

Edges = tuple[int, int, int, int]
"""Rectangle in numbers of elements: x from, x to, y from, y to."""

SHARED_DESIGN = (WIDTH / 2.0, 0.008, 20.0, 20.0)
"""Parameters that all these boards share, in the order of ``board.NAMES``.

The spot follows the middle line, so that a board mirrored upside down has the mirrored field
(within 0.4 %, since all diagonals of the mesh have one direction)."""

CHIPS = (1, 2)
"""Smallest and largest number of chips on a board."""
SPREADERS = (1, 2)
"""Smallest and largest number of spreaders, in addition to those along the edges."""
SIDES = (8, 16)
"""Shortest and longest side of a component, in elements."""
GAP = 2
"""Smallest distance between components, and from the spreaders at the edges, in elements."""

COLOURS = np.array([[20, 110, 70], [215, 135, 60], [35, 35, 40]], dtype=np.uint8)
"""Red, green and blue of the materials 0, 1, 2 of ``board.materials``."""
PIXELS_PER_ELEMENT = 5
"""Pixels of an image along the side of an element."""
COLUMNS = round(LENGTH / ELEMENT_SIZE)
ROWS = round(WIDTH / ELEMENT_SIZE)
"""Numbers of elements along the board."""
EDGE_ROWS = round(EDGE_SPREADERS[0][3] / ELEMENT_SIZE)
"""Width of the spreaders along the edges, in elements."""


def sample_layouts(count: int, seed: int = 0) -> tuple[BoardLayout, ...]:
    """Return random layouts; each depends on the seed and its number only, not on ``count``."""
    return tuple(sample_layout(np.random.default_rng([seed, index])) for index in range(count))


def sample_layout(generator: np.random.Generator) -> BoardLayout:
    """Return a layout with chips and spreaders of random number, size and place."""
    chips = int(generator.integers(CHIPS[0], CHIPS[1] + 1))
    spreaders = int(generator.integers(SPREADERS[0], SPREADERS[1] + 1))
    # Rejection: all components are drawn again until no two are too close, so that every allowed
    # layout is equally likely.
    while True:
        rectangles = [sample_rectangle(generator) for _ in range(chips + spreaders)]
        if all(are_separated(one, other) for one, other in combinations(rectangles, 2)):
            break
    boxes = [in_metres(edges) for edges in rectangles]
    return BoardLayout((*EDGE_SPREADERS, *boxes[chips:]), tuple(boxes[:chips]))


def sample_rectangle(generator: np.random.Generator) -> Edges:
    """Return a random rectangle that keeps its distance from the edges and their spreaders."""
    width, height = generator.integers(SIDES[0], SIDES[1] + 1, size=2).tolist()
    # Whole elements, so that the mesh needs no change for any layout.
    left = int(generator.integers(GAP, COLUMNS - GAP - width + 1))
    bottom = int(generator.integers(EDGE_ROWS + GAP, ROWS - EDGE_ROWS - GAP - height + 1))
    return left, left + width, bottom, bottom + height


def are_separated(one: Edges, other: Edges) -> bool:
    """Return whether the distance of two rectangles along one axis is ``GAP`` or more."""
    gaps = one[0] - other[1], other[0] - one[1], one[2] - other[3], other[2] - one[3]
    return max(gaps) >= GAP


def in_metres(edges: Edges) -> Box:
    """Return the rectangle in metres."""
    left, right, bottom, top = (ELEMENT_SIZE * edge for edge in edges)
    return left, right, bottom, top


def draw_layout(layout: BoardLayout) -> Image.Image:
    """Return the board seen from above; each pixel has the colour of one material."""
    material = np.zeros((PIXELS_PER_ELEMENT * ROWS, PIXELS_PER_ELEMENT * COLUMNS), dtype=np.int64)
    for number, boxes in ((1, layout.spreaders), (2, layout.chips)):
        for box in boxes:
            left, right, bottom, top = (
                round(PIXELS_PER_ELEMENT * edge / ELEMENT_SIZE) for edge in box
            )
            material[bottom:top, left:right] = number
    # Rows of an image run downwards, y runs upwards.
    return Image.fromarray(COLOURS[material[::-1]])
