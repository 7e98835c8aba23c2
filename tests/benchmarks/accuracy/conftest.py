from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.accuracy.problem import Problem, Runs


@pytest.fixture(scope="session")
def tiny() -> Callable[..., Problem]:
    """Return a function that makes a problem of a few numbers."""

    def make(runs: int = 20, images: bool = False) -> Problem:
        """Make a problem of two variables with different units.

        Each field is a constant shape times one parameter, plus another shape times the other.
        """
        split = Runs.of((runs, 4, 2))
        generator = np.random.default_rng(0)
        table = generator.uniform(-1.0, 1.0, (len(split.ids), 2))
        shapes = generator.standard_normal((2, 5, 6, 2)) * [1.0, 100.0] + 3.0
        fields = np.tensordot(table, shapes, axes=1) + shapes[0]
        pixels = np.rint(
            100.0 * table[:, 0, None, None] + generator.uniform(0.0, 1.0, (16, 16)) * 50 + 100
        ).astype(np.uint8)
        return Problem(
            fields=fields.astype(np.float32),
            coords=generator.uniform(size=(6, 2)),
            times=np.linspace(0.0, 2.0, 5),
            variables=("u", "v"),
            names=() if images else ("a", "b"),
            table=table[:, :0] if images else table,
            **split._asdict(),
            images=pixels if images else None,
            declared=("model.width=8",),
        )

    return make
