"""``simulgenvae predict``.

Tested in tests/cli/test_commands.py and tests/cli/test_bad_input.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

import simulgenvae
from simulgenvae.cli.console import show
from simulgenvae.cli.launch_flags import LaunchFlags
from simulgenvae.cli.options import Folder, Names, Overwrite
from simulgenvae.utils.formatting import NONE, count, percent

if TYPE_CHECKING:
    from simulgenvae.study.predict import PredictionScore

MOST_ROWS = 12
"""Designs in the table; of more, the least certain ones are shown."""


def predict(
    folder: Folder = Path(),
    /,
    *,
    out: Path,
    params: Path | None = None,
    images: Path | None = None,
    times: str | None = None,
    nodes: str | None = None,
    variables: Names | None = None,
    samples: int = 0,
    seed: int = 0,
    truth: Path | None = None,
    table: Path | None = None,
    overwrite: Overwrite = False,
    launch: LaunchFlags = LaunchFlags(),
) -> None:
    """Predict the fields of new designs.

    Parameters
    ----------
    out
        File to write. Its ending chooses the format, as .pvd (ParaView), .nc or .npz; an unknown
        one lists all. Formats of one design need {id} in the name for several: {id}.vtkhdf.
    params
        Table with the parameters of the new designs: .csv .xlsx (file.xlsx:Sheet) .parquet.
    images
        Their images: a folder, a CSV file id,file, or one .png or .jpg.
    times
        Times within the trained span: 0,1,2.5 or 0:10:0.5 (first:last:step), or a file.
    nodes
        Numbers of some nodes, counted from 0: 0,5,17 or 0:99, or a file.
    variables
        Names of some variables, separated by commas.
    samples
        At least 2: say how certain each value is, by std, lower and upper (one network draws this
        many latents).
    seed
        Seed of the samples.
    truth
        The same designs solved (a study, or what ingest reads), to compare.
    table
        Table of the designs to write (.csv .json): inputs, expected error, novelty, warnings.
    """
    from simulgenvae.data.ingest.coordinates import read_node_numbers, read_times

    # The API takes arrays, the command line files with them.
    study = simulgenvae.Study.open(folder)
    scores = study.predict(
        out,
        params=params,
        images=images,
        times=None if times is None else read_times(times).values,
        nodes=None if nodes is None else read_node_numbers(nodes),
        variables=variables,
        samples=samples,
        seed=seed,
        truth=truth,
        table=table,
        overwrite=overwrite,
    )
    show(f"{out}: {count(len(scores), 'design')}")
    if any(score.novelty is not None or score.expected_error is not None for score in scores):
        show(_table(scores))


def _table(scores: list[PredictionScore]) -> Table:
    """Return a table of all designs, or of the least certain ones of many."""
    title = "How far to trust them"
    if len(scores) > MOST_ROWS:
        title = f"The {MOST_ROWS} least certain of {len(scores)} designs"
        # Of a thousand designs, the doubtful ones are those to look at.
        scores = sorted(scores, key=_uncertainty, reverse=True)[:MOST_ROWS]
    table = Table(title=title)
    table.add_column("Design")
    table.add_column("Expected error", justify="right")
    table.add_column("Novelty", justify="right")
    for score in scores:
        error = percent(score.expected_error, digits=2, trailing_zeros=False)
        novelty = NONE if score.novelty is None else f"{score.novelty:.2f}"
        table.add_row(score.design, error, novelty)
    return table


def _uncertainty(score: PredictionScore) -> tuple[float, float]:
    # Designs whose error is not known are ranked by their novelty.
    return score.expected_error or 0.0, score.novelty or 0.0
