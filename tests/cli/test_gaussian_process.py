"""`prediction.gaussian_process = "off"` on the command line: the networks predict alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulgenvae.data.conditions import Conditions
from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.surrogate import Surrogate


@pytest.mark.parametrize("how", ["study.toml", "--set"])
def test_off(cli: Callable[..., Any], ingested: Path, how: str) -> None:
    arguments = []
    if how == "--set":
        arguments = ["--set", "prediction.gaussian_process=off"]
    else:
        with (ingested / "study.toml").open("a") as file:
            file.write('[prediction]\ngaussian_process = "off"\n')
    done = cli("train", ingested, *arguments)
    assert done.code == 0, done.err
    study = StudyFolder(ingested)
    surrogate = Surrogate.load(study)
    assert surrogate.ensemble is not None
    assert surrogate.ensemble.gp_weight == 0.0
    far = Conditions(("far",), surrogate.condition_scaler.names, np.array([[5.0, 9.0]]))
    assert surrogate.predict(far)["novelty"].item() > 1, "Gaussian processes still measure it"
    done = cli("evaluate", ingested)
    assert done.code == 0, done.err
    assert "Surrogate (Gaussian processes: off)" in done.out
    assert "Networks only (2)" in done.out
    assert "Gaussian processes only (not used)" in done.out
    metrics = json.loads(study.metrics_file.read_text(encoding="utf-8"))
    assert metrics["combination"]["gaussian_processes"] == "off"
    assert metrics["errors"]["gaussian_processes"]["test"]["relative_l2"]["mean"] > 0
    for page in (study.report_file, study.model_card_file):
        text = re.sub("<[^>]+>", " ", page.read_text(encoding="utf-8"))
        assert "Gaussian processes only (not used)" in text
        assert "Gaussian processes are switched off" in text
