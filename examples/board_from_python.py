"""Learn a heated circuit board from Python and predict a design that was never solved.

Nothing is written.

python examples/board_from_python.py [--runs 96] [--steps STEPS]
"""

from __future__ import annotations

import argparse

import numpy as np

import simulgenvae
from simulgenvae import Settings, progress_on
from simulgenvae.demo import board


def main(runs: int, settings: Settings) -> float:
    """Largest error of the prediction for a new design, in K."""
    names, table, ids = board.sample_designs(runs)
    fields = np.stack([board.solve(design) for design in table])
    with progress_on():
        m = simulgenvae.fit(
            {"id": ids, **dict(zip(names, table.T, strict=True))},
            fields,
            times=board.TIMES,
            coords=board.mesh().p.T,
            cells={"triangle": board.mesh().t.T},
            variables=["temperature"],
            units=["K"],
            settings=settings,
        )
    print(m)

    _, new, _ = board.sample_designs(1, seed=1)
    predicted = m.predict(dict(zip(names, new[0], strict=True))).temperature
    truth = board.solve(new[0])
    error = float(np.abs(predicted.to_numpy()[0] - truth).max())
    print(
        f"New design: at most {float(predicted.max()):.1f} K predicted, {truth.max():.1f} K solved"
    )
    print(f"Nowhere and never off by more than {error:.1f} K")
    return error


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=96)
    main(parser.parse_args().runs, Settings())
