"""`simulgenvae suggest` on a trained study: the table that is written, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulgenvae.data.conditions import Conditions
from simulgenvae.data.matching import read_new_conditions
from simulgenvae.settings import StudyFolder
from simulgenvae.study.design import write_designs
from simulgenvae.surrogate.surrogate import Surrogate


def test_the_table_is_read_by_predict(cli: Any, trained: Path) -> None:
    out = trained / "next.csv"
    done = cli("suggest", trained, "--count", 3, "--range", "size=0.25:4", "--out", out)
    assert done.code == 0, done.err
    for text in (
        "suggest_003",
        "speed",
        "Expected error",
        "times as much",
        f"{out}: 3 designs to solve",
    ):
        assert text in done.out.replace("\n", "")
    scaler = Surrogate.load(StudyFolder.open(trained)).condition_scaler
    designs, _ = read_new_conditions(out, None, scaler)
    assert designs.ids == ("suggest_001", "suggest_002", "suggest_003")
    assert designs.names == ("speed", "size")
    assert out.read_text().splitlines()[0] == "id,speed,size"
    assert cli("predict", trained, "--params", out, "--out", trained / "next.npz").code == 0
    before = out.read_bytes()
    assert (
        cli(
            "suggest", trained, "--count", 3, "--range", "size=0.25:4", "--out", out, "--overwrite"
        ).code
        == 0
    )
    assert out.read_bytes() == before
    assert cli("suggest", trained, "--count", 3, "--seed", 1, "--out", out, "--overwrite").code == 0
    assert out.read_bytes() != before


def test_designs_are_chosen_by_quantities(cli: Any, trained: Path) -> None:
    with (trained / "study.toml").open("a", encoding="utf-8") as file:
        file.write('\n[quantities]\npeak = "max(T)"\n')
    command = ("suggest", trained, "--count", 2, "--candidates", 32, "--overwrite", "--out")
    assert cli(*command, trained / "field.csv").code == 0
    given = ("--quantity", "peak", "--quantity", "late = mean(u, time=1) < 0.5")
    done = cli(*command, trained / "next.csv", *given)
    assert done.code == 0, done.err
    said = " ".join(done.out.split())
    assert "late: the band is ± " in said
    assert "m at the training runs; it holds the limit 0.5 m at " in said
    assert re.search(r"peak: the band is ± \S+ K at these designs, ± \S+ K at the training", said)
    assert re.search(r"limit 0.5 m at [012] of 2\.", said)
    field, chosen = ((trained / name).read_text() for name in ("field.csv", "next.csv"))
    assert chosen.splitlines()[0] == "id,speed,size"
    assert field != chosen
    for entry, message in {
        "peek": f"There is no quantity 'peek': declared in {trained / 'study.toml'} are peak.",
        "peak=min(T)": "The quantity 'peak' is declared in",
        "max(T)": "give it a name, such as",
        "q=max(t)": "there is no variable 't': did you mean 'T'?",
        "q=max(T) < hot": "a limit is one number after the quantity",
    }.items():
        refused = cli(*command, trained / "next.csv", "--quantity", entry)
        assert refused.code == 2
        assert message in " ".join(refused.err.split())


def test_values_and_names_survive_the_table(tmp_path: Path) -> None:
    designs = Conditions(
        ("a", "b"), ("width, mm", "k"), np.array([[0.1 + 0.2, 1e-17], [-1 / 3, 3e200]])
    )
    write_designs(designs, tmp_path / "a.csv")
    from simulgenvae.data.condition_files import Known, read_conditions

    again, *_ = read_conditions(tmp_path / "a.csv", Known(designs.names))
    assert again.ids == designs.ids
    np.testing.assert_array_equal(again.table, designs.table)


MISTAKES = {
    "none": (("--count", 0), ("--count is 0", "1 to 512")),
    "more than candidates": (("--count", 9, "--candidates", 8), ("--count is 9", "1 to 8")),
    "too many candidates": (("--candidates", 10**9), ("--candidates is 1000000000", "2 to 4096")),
    "bad seed": (("--seed", -1), ("--seed is -1",)),
    "unknown parameter": (("--range", "width=0:1"), ("no parameter 'width'", "speed, size")),
    "no range": (("--range", "speed=1"), ("'speed=1'", "NAME=LOW:HIGH")),
    "another file": (("--out", "next.npz"), ("next.npz", ".csv")),
    "no folder": (("--out", "nowhere/next.csv"), ("nowhere", "make it first")),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_refused(
    assert_refused: Any, trained: Path, monkeypatch: pytest.MonkeyPatch, mistake: str
) -> None:
    monkeypatch.chdir(trained)
    arguments, texts = MISTAKES[mistake]
    assert_refused((("suggest", trained, *arguments), texts))


def test_an_existing_file_is_kept(assert_refused: Any, trained: Path) -> None:
    (trained / "mine.csv").write_text("mine")
    assert_refused(
        (("suggest", trained, "--out", trained / "mine.csv"), ("mine.csv", "--overwrite"))
    )
