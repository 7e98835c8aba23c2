"""``simulgenvae models`` and ``compare``, and ``--model`` of the commands that use a model."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulgenvae.cli.main import main

AT = ("--at", "speed=0.5,size=1")
WIDE = ("--set", "model.width=48", "--set", "training.end_to_end.steps=2")


@pytest.fixture(scope="module")
def template(templates: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a study with the evaluated models ``model-1`` and ``wide``, to be copied."""
    folder = shutil.copytree(templates / "trained", tmp_path_factory.mktemp("two") / "S")
    for command in (("evaluate",), ("train", "--name", "wide", *WIDE), ("evaluate",)):
        assert main([command[0], str(folder), *command[1:]]) == 0
    return folder


@pytest.fixture
def two(template: Path, tmp_path: Path) -> Path:
    return shutil.copytree(template, tmp_path / "S")


class Terminal(io.StringIO):
    """Standard input of somebody who can be asked."""

    def isatty(self) -> bool:
        return True


def rows(text: str) -> dict[str, list[str]]:
    """Return the cells of each row of a table by the first one."""
    found = [line.replace("│", " ").split() for line in text.splitlines() if "│" in line]
    return {row[0]: row[1:] for row in found}


def test_a_table_of_models_marks_the_current_one(cli: Any, two: Path) -> None:
    done = cli("models", two)
    assert done.code == 0, done.err
    found = rows(done.out)
    assert found["*"][0] == "wide"
    assert found["model-1"][2:7] == ["8", "+", "3", "+", "1"]
    (entry,) = [e for e in json.loads(cli("models", two, "--json").out)["models"] if e["current"]]
    assert entry["name"] == "wide"
    assert entry["runs"] == {"train": 8, "validation": 3, "test": 1}
    metrics = json.loads((two / "models/wide/metrics.json").read_text())
    assert entry["error"] == metrics["errors"]["prediction"]["test"]["relative_l2"]["mean"]


def test_without_a_model_it_says_how_to_get_one(cli: Any, ingested: Path) -> None:
    done = cli("models", ingested)
    assert (done.code, f"simulgenvae train {ingested}" in done.out) == (0, True)
    assert json.loads(cli("models", ingested, "--json").out) == {"models": []}


def test_every_command_that_uses_a_model_takes_its_name(cli: Any, two: Path) -> None:
    out = {name: two / f"{name or 'current'}.npz" for name in ("", "model-1", "wide")}
    for name, path in out.items():
        option = ("--model", name) if name else ()
        assert cli("predict", two, *AT, "--out", path, *option).code == 0
    fields = {name: np.load(path)["fields"] for name, path in out.items()}
    np.testing.assert_array_equal(fields[""], fields["wide"])
    assert np.abs(fields["wide"] - fields["model-1"]).max() > 0

    (two / "models/model-1/metrics.json").unlink()
    done = cli("evaluate", two, "--model", "model-1")
    assert done.code == 0, done.err
    assert "models/model-1/report.html" in "".join(done.out.split())
    assert (two / "models/model-1/metrics.json").exists()
    for command in (
        ("suggest", "--count", "1", "--candidates", "8", "--out", two / "s.csv"),
        ("explore", "sample", "--count", "1", "--out", two / "e.npz"),
        ("export", "--out", two / "m.onnx"),
        ("render", "--out", two / "r.png"),
        ("evaluate",),
        ("predict", *AT),
    ):
        study = command[1:2] if command[0] == "explore" else ()
        arguments = command[2:] if study else command[1:]
        refused = cli(command[0], *study, two, *arguments, "--model", "none")
        assert refused.code == 2
        assert "has no model 'none': its models are model-1, wide" in refused.err, command


def test_another_model_is_used_from_now_on(cli: Any, two: Path) -> None:
    before = cli("predict", two, *AT, "--json").out
    done = cli("models", two, "--use", "model-1")
    assert done.code == 0, done.err
    assert rows(done.out)["*"][0] == "model-1"
    assert (two / "models/current").read_text() == "model-1\n"
    assert cli("predict", two, *AT, "--json").out != before
    assert cli("predict", two, *AT, "--json", "--model", "wide").out == before


def test_a_model_is_removed_only_when_somebody_agrees(
    cli: Any, two: Path, assert_refused: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = ["models", two, "--remove", "model-1"]
    assert_refused((remove, ("add --yes",)))
    assert_refused((["models", two, "--remove", "wide", "--yes"], ("is the current model",)))
    assert_refused((["models", two, "--remove", "x", "--yes"], ("has no model 'x'",)))
    assert_refused(([*remove, "--use", "wide"], ("give one of them",)))
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert_refused((remove, ("nothing was removed",)))
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    assert cli(*remove).code == 0
    assert not (two / "models/model-1").exists()
    assert cli("models", two, "--use", "model-1").code == 2


def test_two_models_side_by_side(cli: Any, two: Path) -> None:
    done = cli("compare", two, "model-1", "wide")
    assert done.code == 0, done.err
    found = rows(done.out)
    assert found["model.width"] == ["32", "48"]
    assert found["training.end_to_end.steps"] == ["12", "2"]
    assert "Surrogate" in found
    assert "Of 1 run," in done.out
    assert "note:" not in done.out
    result = json.loads(cli("compare", two, "model-1", "wide", "--json").out)
    assert [each["key"] for each in result["settings"]] == [
        "model.width",
        "training.end_to_end.steps",
    ]
    assert result["measured"]["errors"][0]["method"] == "prediction"
    same = cli("compare", two, "wide", "wide")
    assert "All settings are the same." in same.out
    assert "both are equal on 1" in same.out


def test_what_is_not_measured_is_said_in_a_comparison(cli: Any, two: Path) -> None:
    (two / "models/wide/metrics.json").unlink()
    done = cli("compare", two, "model-1", "wide")
    assert done.code == 0, done.err
    assert "model.width" in done.out
    assert f"simulgenvae evaluate {two} --model wide" in " ".join(done.out.split())


def test_a_damaged_record_is_shown(cli: Any, two: Path) -> None:
    (two / "models/wide/model.json").write_text("{")
    for command in (("models", two), ("compare", two, "model-1", "wide")):
        done = cli(*command)
        assert done.code == 0, done.err
        assert "models/wide/model.json is damaged" in done.out.replace("\n", "")


def test_training_another_model_says_how_to_go_back(cli: Any, two: Path) -> None:
    done = cli("train", two, "--name", "third", *WIDE)
    assert done.code == 0, done.err
    assert f"'third' is the current model now; simulgenvae models {two} --use wide" in done.out
    refused = cli("train", two, "--name", "a/b")
    assert (refused.code, "is no name of a model" in refused.err) == (2, True)


def test_predicting_reads_the_name_of_the_model_once(
    cli: Any, two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    real = Path.open

    def opened(path: Path, *arguments: Any, **options: Any) -> Any:
        read.append(path)
        return real(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", opened)
    assert cli("predict", two, *AT).code == 0
    assert read.count(two / "models/current") == 1
    assert not [path for path in read if path.name in {"model.json", "settings.toml"}]
