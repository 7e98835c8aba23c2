"""``--verbose``, ``--quiet`` and ``--json``."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest

import simulgenvae
from simulgenvae.cli.check import CheckResult
from simulgenvae.cli.evaluate import EvaluateResult
from simulgenvae.cli.inspect import InspectResult
from simulgenvae.cli.predict import PredictResult
from simulgenvae.study.model_comparison import ModelComparison
from simulgenvae.study.model_summary import ModelsResult, ModelSummary

AT = "speed=0.5,size=1"
DOCUMENTED = Path(__file__).parents[2] / "docs/json.md"


def test_check(cli: Any, ingested: Path) -> None:
    done = cli("check", ingested, "--json")
    assert done.code == 0
    assert json.loads(done.out)["passed"] is True
    assert "Next: simulgenvae train" in done.err
    assert "Next: " not in cli("check", ingested, "--quiet").out


def test_a_check_that_fails_says_why(cli: Any, source: Path, tmp_path: Path) -> None:
    fields = np.load(source / "fields.npy")
    fields[..., 1] = 3.0
    np.save(source / "fields.npy", fields)
    study = tmp_path / "constant"
    given = ("--params", source / "params.csv")
    assert cli("ingest", study, source / "fields.npy", *given).code == 0
    done = cli("check", study, "--json", "--quiet")
    found = json.loads(done.out)
    assert done.code == (0 if found["passed"] else 2)
    assert {"severity", "cause", "subject", "action"} == set(found["findings"][0])


def test_predict(cli: Any, trained: Path) -> None:
    out = trained / "new.npz"
    found = json.loads(cli("predict", trained, "--at", AT, "--json").out)
    assert found["file"] is None
    (design,) = found["designs"]
    assert design["design"] == "design_1"
    assert design["inputs"] == {"speed": 0.5, "size": 1.0}
    assert cli("predict", trained, "--at", AT, "--out", out).code == 0
    with np.load(out) as written:
        for column, variable in enumerate(design["variables"]):
            values = written["fields"][0, ..., column].astype(float)
            assert variable["name"] == written["variables"][column]
            assert variable["unit"] == written["units"][column]
            shown = [variable[key] for key in ("minimum", "mean", "maximum")]
            assert np.allclose(shown, [values.min(), values.mean(), values.max()], rtol=1e-6)
        assert design["novelty"] == pytest.approx(written["novelty"][0])
        assert design["expected_error"] == pytest.approx(written["expected_error"][0])


def test_evaluate(cli: Any, trained: Path) -> None:
    done = cli("evaluate", trained, "--json")
    found = json.loads(done.out)
    metrics = json.loads(Path(found["metrics_file"]).read_text())
    split = metrics["compared_split"]
    expected = metrics["errors"]["prediction"][split]
    assert (found["split"], found["runs"]) == (split, expected["runs"])
    assert found["errors"]["prediction"]["mean"] == expected["relative_l2"]["mean"]
    assert set(found["errors"]) == {name for name, of in metrics["errors"].items() if split in of}


def test_inspect(cli: Any, source: Path) -> None:
    values = np.load(source / "fields.npy")
    values[1] = np.nan
    np.savez(source / "fields.npz", fields=values, variables=["u", "T"])
    (found,) = json.loads(cli("inspect", source / "fields.npz", "--json").out)["sources"]
    assert (found["runs"], found["timesteps"], found["nodes"]) == values.shape[:3]
    first = values[found["run_of_variables"]]
    for column, variable in enumerate(found["variables"]):
        assert variable["minimum"] == pytest.approx(first[..., column].min())
        assert variable["not_finite"] == 0


def test_a_mistake_leaves_the_standard_output_empty(cli: Any, trained: Path) -> None:
    done = cli("predict", trained, "--at", "speed=1", "--json")
    assert (done.code, done.out) == (2, "")
    assert "size is missing" in done.err


@pytest.mark.parametrize(
    "result",
    [
        *(CheckResult, EvaluateResult, InspectResult, PredictResult),
        *(ModelsResult, ModelComparison, ModelSummary),
    ],
)
def test_every_key_is_documented(result: Any) -> None:
    text = DOCUMENTED.read_text(encoding="utf-8")
    waiting = [result]
    while waiting:
        record = waiting.pop()
        for field in fields(record):
            assert f"`{field.name}`" in text, f"{record.__name__}.{field.name}"
        for hint in get_type_hints(record).values():
            parts = [hint, *get_args(hint)]
            waiting += [part for part in parts if isinstance(part, type) and is_dataclass(part)]


def test_quiet_says_the_result_and_warnings_only(cli: Any, trained: Path) -> None:
    far = "speed=5,size=1"
    loud = cli("predict", trained, "--at", far)
    quiet = cli("predict", trained, "--at", far, "-q")
    assert "warning: run 'design_1': speed = 5 is above" in quiet.out
    table = trained / "new.csv"
    table.write_text("size;speed\n1,5;0,5\n")
    noted = cli("predict", trained, "--params", table)
    assert "note: " in noted.out
    assert "note: " not in cli("predict", trained, "--params", table, "--quiet").out
    assert loud.out == quiet.out


def test_verbose_shows_where_an_unexpected_error_is_from(
    cli: Any, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("somewhere")

    monkeypatch.setattr(simulgenvae.Study, "check", fail)
    assert "Traceback" not in cli("check", trained).err
    done = cli("check", trained, "-v")
    assert "Traceback" in done.err
    assert "in fail" in done.err
    assert done.code == 1
