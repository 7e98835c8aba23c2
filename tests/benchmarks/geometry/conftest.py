from collections.abc import Callable

import numpy as np
import pytest
from scipy.spatial import Delaunay

from benchmarks.geometry.case import GeometryCase, make_case

TIMES = np.linspace(0.0, 1.0, 4)


@pytest.fixture(scope="session")
def ovals() -> Callable[..., GeometryCase]:
    """Return a function that makes a case of stretched discs, each on triangles of its own.

    Two fields follow from the place in the disc, the stretch and a rate; the table has both.
    """

    def make(train: int = 16, test: int = 4, anchored: bool = False) -> GeometryCase:
        generator = np.random.default_rng(0)
        table = generator.uniform(0.6, 1.4, (train + test, 2))
        solved = []
        for stretch, rate in table:
            dense = int(generator.integers(9, 12))
            radius, angle = np.meshgrid(
                np.linspace(0.05, 1.0, dense),
                np.linspace(0.0, 2.0 * np.pi, 4 * dense, endpoint=False),
            )
            disc = np.stack([radius * np.cos(angle), radius * np.sin(angle)], -1).reshape(-1, 2)
            from_centre = np.linalg.norm(disc, axis=1)
            wave = np.cos(1.5 * from_centre * (1.0 + 0.3 * stretch)) + disc[:, 1] * rate
            fields = np.exp(-rate * TIMES)[:, np.newaxis] * wave
            around = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False)
            anchors = np.stack([stretch * np.cos(around), np.sin(around)], axis=1)
            points = disc * [stretch, 1.0]
            both = np.stack([fields, 100.0 - 7.0 * fields**2], axis=-1)
            solved.append((points, Delaunay(disc).simplices, both, anchors if anchored else None))
        return make_case(
            "ovals",
            "triangle",
            solved,
            (train, test),
            times=TIMES,
            variables=("a", "b"),
            names=("stretch", "rate"),
            table=table,
            shape_names=("stretch",),
        )

    return make
