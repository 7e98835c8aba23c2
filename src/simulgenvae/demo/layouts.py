"""Boards whose components are at random places, and their pictures."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from PIL import Image

from simulgenvae.demo.board import EDGE_SPREADERS, ELEMENT_SIZE, LENGTH, WIDTH, BoardLayout, Box

Edges = tuple[int, int, int, int]
"""A rectangle in elements: x from, x to, y from, y to."""

DESIGN = (WIDTH / 2.0, 0.008, 20.0, 20.0)
"""What all these boards share, in the order of ``board.NAMES``. The spot follows the middle line: a
board turned upside down has its field turned upside down (within 0.4 %: all diagonals of the mesh
run one way)."""

CHIPS = (1, 2)
"""Fewest and most of them."""
SPREADERS = (1, 2)
SIDES = (8, 16)
"""Shortest and longest side of a component, in elements."""
GAP = 2
"""Least distance of two components, and of a component from what is at the edges, in elements."""

COLOURS = np.array([[20, 110, 70], [215, 135, 60], [35, 35, 40]], dtype=np.uint8)
"""Red, green and blue of the materials of ``board.materials``: bare laminate, copper, chip."""
PIXELS = 5
"""Of a picture, along the side of an element."""
COLUMNS, ROWS = round(LENGTH / ELEMENT_SIZE), round(WIDTH / ELEMENT_SIZE)
EDGE_ROWS = round(EDGE_SPREADERS[0][3] / ELEMENT_SIZE)
"""Width of the spreaders along the edges, in elements."""


def sample_layouts(count: int, seed: int = 0) -> tuple[BoardLayout, ...]:
    """Layouts at random; a layout does not depend on how many there are."""
    return tuple(sample_layout(np.random.default_rng([seed, index])) for index in range(count))


def sample_layout(generator: np.random.Generator) -> BoardLayout:
    """Chips and spreaders of random number, size and place (by rejection), besides the spreaders
    along the edges."""
    chips, spreaders = (
        int(generator.integers(fewest, most + 1)) for fewest, most in (CHIPS, SPREADERS)
    )
    while True:
        corners = [sample_component(generator) for _ in range(chips + spreaders)]
        if all(apart(one, other) for one, other in combinations(corners, 2)):
            break
    boxes = [scaled(edges) for edges in corners]
    return BoardLayout((*EDGE_SPREADERS, *boxes[chips:]), tuple(boxes[:chips]))


def sample_component(generator: np.random.Generator) -> Edges:
    """A rectangle at random, clear of the edges and of what is there."""
    width, height = generator.integers(SIDES[0], SIDES[1] + 1, size=2).tolist()
    left = int(generator.integers(GAP, COLUMNS - GAP - width + 1))
    bottom = int(generator.integers(EDGE_ROWS + GAP, ROWS - EDGE_ROWS - GAP - height + 1))
    return left, left + width, bottom, bottom + height


def apart(one: Edges, other: Edges) -> bool:
    """Whether two rectangles are at least ``GAP`` apart, along one axis."""
    gaps = one[0] - other[1], other[0] - one[1], one[2] - other[3], other[2] - one[3]
    return max(gaps) >= GAP


def scaled(edges: Edges) -> Box:
    """Elements to metres."""
    left, right, bottom, top = (ELEMENT_SIZE * edge for edge in edges)
    return left, right, bottom, top


def picture(layout: BoardLayout) -> Image.Image:
    """The board seen from above, ``PIXELS`` pixels an element; each pixel has the colour of one
    material."""
    material = np.zeros((PIXELS * ROWS, PIXELS * COLUMNS), dtype=np.int64)
    for number, boxes in ((1, layout.spreaders), (2, layout.chips)):
        for box in boxes:
            left, right, bottom, top = (round(PIXELS * edge / ELEMENT_SIZE) for edge in box)
            material[bottom:top, left:right] = number
    return Image.fromarray(COLOURS[material[::-1]])
