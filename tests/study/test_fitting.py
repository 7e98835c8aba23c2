"""Models are trained from arrays, in memory and into a study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import simulgenvae
from simulgenvae import Dataset, Settings, Study, UserError
from simulgenvae.data.split import Split

FEW = Settings.model_validate(
    {
        "model": {"filters": [8], "width": 8, "latent_dim": 2, "hierarchical_dim": 1},
        "conditioner": {"filters": [8]},
        "training": {"device": "cpu", "end_to_end": {"steps": 2, "members": 1, "refit": False}},
    }
)
IDS = [f"run{k}" for k in range(12)]
SPEED = np.linspace(1, 2, 12)
DESIGNS = {"id": IDS, "material": ["steel", "wood"] * 6, "speed": SPEED}
FIELDS = np.sin(SPEED[:, None, None] * np.arange(4.0)[:, None] + np.arange(5.0))


def test_designs_and_fields_are_learned_in_memory() -> None:
    m = simulgenvae.fit(DESIGNS, FIELDS, variables=["T"], settings=FEW)
    assert m.study is None
    assert m.parameters == ("material", "speed")
    assert m.predict(material="wood", speed=1.5)["T"].shape == (1, 4, 5)
    assert "in memory" in repr(m)


def test_a_study_keeps_data_split_and_model(tmp_path: Path) -> None:
    split = Split(tuple(IDS[:8]), tuple(IDS[8:10]), tuple(IDS[10:]))
    folder = tmp_path / "deep" / "S"
    m = simulgenvae.fit(
        DESIGNS, FIELDS, variables=["T"], settings=FEW, study=str(folder), split=split
    )
    study = Study.open(folder)
    assert study.make_split(study.open_dataset()) == split
    assert m.surrogate.split == split
    again = simulgenvae.load(study)
    assert again.predict(material="wood", speed=1.5).equals(m.predict(material="wood", speed=1.5))
    with pytest.raises(UserError, match="overwrite"):
        simulgenvae.fit(DESIGNS, FIELDS, settings=FEW, study=folder)
    simulgenvae.fit(DESIGNS, FIELDS, variables=["p"], settings=FEW, study=folder, overwrite=True)
    assert simulgenvae.load(folder).variables == ("p",)


def test_a_dataset_has_everything_itself() -> None:
    dataset = Dataset.from_arrays(FIELDS, DESIGNS)
    for given in ({"fields": FIELDS}, {"times": np.arange(4)}):
        with pytest.raises(UserError, match=f"a Dataset has its {next(iter(given))} itself"):
            simulgenvae.fit(dataset, **given)
