"""Data of a study as a source of fields."""

from pathlib import Path

import numpy as np
import pytest

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.readers import RunPart, open_source
from simulgenvae.errors import UserError


@pytest.mark.parametrize("inside", ["S", "S/input_data/dataset.zarr"])
def test_the_data_of_a_study_are_read_as_runs(tmp_path: Path, waves: Dataset, inside: str) -> None:
    # So small a variation about a large mean is stored less an offset.
    fields = np.stack([101325 + 0.01 * waves.run(row) for row in range(4)])
    conditions = waves.conditions.select([0, 1, 2, 3])
    stored = Dataset.from_arrays(
        fields, conditions, times=waves.times, coords=waves.mesh.coords, time_unit="s"
    )
    stored.save(tmp_path / "S/input_data/dataset.zarr")
    again, notes = build_dataset([tmp_path / inside], tmp_path / "new.zarr", IngestOptions())
    assert any("the data of a study" in note for note in notes)
    assert (again.ids, again.variables, again.units) == (stored.ids, stored.variables, stored.units)
    assert again.time_unit == "s"
    assert again.conditions.values() == conditions.values()
    assert again.conditions.names == conditions.names
    for row in range(4):
        np.testing.assert_allclose(again.run(row), fields[row], rtol=0, atol=1e-7)
    with pytest.raises(UserError, match="no part can be chosen"):
        open_source(tmp_path / inside, RunPart(fields=["u"]))
