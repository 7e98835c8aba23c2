"""Mirror symmetries that the training runs show, where the settings leave them open.

1. ``sample``: some runs, nodes and timesteps, divided into what a mirror keeps and what it turns
   around.
2. ``designs``: distances of designs to each other and to each other's mirror images.
3. ``evidence``: do mirrored runs explain the runs better, and is any sign of a broken symmetry
   left?
4. ``find``: the settings with the axes that are taken, and why.
"""

from simulgenvae.training.symmetry.find import Symmetry, find_symmetry

__all__ = ["Symmetry", "find_symmetry"]
