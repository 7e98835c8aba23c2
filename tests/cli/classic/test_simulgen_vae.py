"""The classic script on a classic study: flags, stored data, previous model, figures."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulgenvae.cli.classic.simulgen_vae import main, show_figures

CONDITION = """Common params
Dim1 12
Dim2\t6
Dim3: 23
num_var = 2
Training_epochs 3
Batch_size 8
n_epoch 3
latent_conditioner_batch 8
LearningR 0.002
Latent_dim 2
Latent_dim_end 4
param_dir /parametric_data
input_type csv
Stretch 0
"""
PRESETS = "data_No, init_beta_divisor, num_filter_enc\n1\n4\n16 12 8\n16\nheader, of another\n2\n3\n12 8\n16\n"


@pytest.fixture(scope="module")
def classic_template(tmp_path_factory: pytest.TempPathFactory, make_runs: Any) -> Path:
    folder = tmp_path_factory.mktemp("classic") / "study"
    (folder / "input_data").mkdir(parents=True)
    (folder / "parametric_data").mkdir()
    runs = make_runs()
    fields = runs.fields.reshape(12, 6, 46).astype(np.float64)  # [N, T, M·V]
    (folder / "input_data/dataset1.pickle").write_bytes(pickle.dumps(fields))
    (folder / "input_data/condition.txt").write_text(CONDITION)
    (folder / "preset.txt").write_text(PRESETS)
    np.savetxt(folder / "parametric_data/p.csv", runs.params, delimiter=",")
    return folder


@pytest.fixture
def study(classic_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a new classic study, as the current folder."""
    folder = shutil.copytree(classic_template, tmp_path / "study")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def script(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the script with these arguments: exit code and texts."""

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            code = main(arguments)
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, *capsys.readouterr()

    return run


def previous(study: Path) -> list[Path]:
    return sorted((study / "model_save").glob("previous-*"))


def test_default_run_and_every_later_one(script: Any, study: Path, cli: Any, tree: Any) -> None:
    code, out, err = script()
    assert code == 0, err
    assert "Stretch is not used" in err
    assert "Surrogate (" in out
    model = study / "model_save"
    assert np.load(model / "latent_vectors.npy").shape == (12, 4)
    assert np.load(model / "xs.npy").shape == (12, 2, 2)
    assert (study / "output/report.html").exists()
    assert not list((study / "output").glob("*.png"))
    assert not previous(study)
    first = tree(model)

    code, out, err = script(
        "--preset=1", "--plot", "1", "--lc_only=1", "--size", "small", "--load_all=1"
    )
    assert code == 0, err
    assert "reading the data" not in out
    assert len(list((study / "output").glob("*.png"))) > 3
    (backup,) = previous(study)
    assert tree(backup) == first
    assert f"kept in {backup.relative_to(study)}" in out
    assert tree(model)["LatentConditioner"] != first["LatentConditioner"]

    code, out, err = script("--resume")  # the finished training of the call before was another one
    assert code == 2
    assert "belongs to another training" in err
    assert previous(study) == [backup]
    (study / "new.csv").write_text("0.5,1.0\n")
    assert cli("predict", study, "--params", study / "new.csv", "--out", study / "p.npz").code == 0


def test_data_are_read_again_when_their_source_changes(script: Any, study: Path) -> None:
    assert script()[0] == 0
    store = study / "input_data/dataset.zarr/zarr.json"
    first = store.stat().st_ino
    assert script()[0] == 0
    assert store.stat().st_ino == first
    np.savetxt(
        study / "parametric_data/p.csv", np.random.default_rng(1).random((12, 3)), delimiter=","
    )
    code, out, err = script()
    assert code == 0, err
    assert "reading the data again" in out
    second = store.stat().st_ino
    assert second != first
    (study / "input_data/dataset1.pickle").unlink()  # what was read from it is still there
    assert script()[0] == 0
    code, _, err = script("--preset", "2")
    assert (code, "input_data/dataset2.pickle: no such file" in err) == (2, True)
    assert store.stat().st_ino == second


def test_data_without_their_record_are_not_left_behind(script: Any, study: Path) -> None:
    """The disk becomes full after the data, in the long record of the files they come from."""
    resource = pytest.importorskip("resource", reason="limits of this kind exist on Unix alone")
    for k in range(60):
        (study / "parametric_data" / f"{'notes' * 20}{k}.txt").touch()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, before[1]))
    try:
        code, _, err = script()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert code == 2
    assert "dataset.source.json could not be written" in err
    assert {path.name for path in (study / "input_data").iterdir()} == {
        "condition.txt",
        "dataset1.pickle",
    }


def test_changed_data_that_are_bad_leave_the_stored_ones(
    script: Any, study: Path, tree: Any
) -> None:
    assert script()[0] == 0
    fields = np.full((12, 6, 46), np.nan)
    (study / "input_data/dataset1.pickle").write_bytes(pickle.dumps(fields))
    before = tree(study)
    code, _, err = script()
    assert code == 2
    assert "NaN" in err
    assert tree(study) == before


def test_data_from_ingest_are_used_as_they_are(
    script: Any, study: Path, cli: Any, source: Path
) -> None:
    pickle_file = study / "input_data/dataset1.pickle"
    table = ("--params", source / "params.csv", "--coords", source / "coords.npy")
    assert cli("ingest", source / "fields.npy", *table, "--study", study).code == 0
    code, out, err = script()
    assert code == 0, err
    assert f"used unchanged; remove it to read {pickle_file.relative_to(study)}" in out
    pickle_file.unlink()
    code, out, err = script("--lc_only", "1")
    assert code == 0, err
    assert "used as it is" not in out


@pytest.mark.parametrize(
    "flags", [("--plot", "3"), ("--preset=6",), ("--size=medium",), ("--lc_only",), ("--pre=1",)]
)
def test_unknown_flags_and_values(
    flags: tuple[str, ...], script: Any, study: Path, tree: Any
) -> None:
    before = tree(study)
    code, _, err = script(*flags)
    assert code == 2
    assert "usage: SimulGen-VAE.py" in err
    assert tree(study) == before


def break_nothing(study: Path) -> None:
    pass


def remove_pickle(study: Path) -> None:
    (study / "input_data/dataset1.pickle").unlink()


def remove_parameters(study: Path) -> None:
    shutil.rmtree(study / "parametric_data")


def truncate_pickle(study: Path) -> None:
    os.truncate(study / "input_data/dataset1.pickle", 2000)


def shorten_table(study: Path) -> None:
    np.savetxt(
        study / "parametric_data/p.csv", np.random.default_rng(1).random((11, 2)), delimiter=","
    )


def make_parameter_constant(study: Path) -> None:
    np.savetxt(study / "parametric_data/p.csv", np.ones((12, 2)), delimiter=",")


def change_condition(old: str, new: str) -> Callable[[Path], None]:
    def change(study: Path) -> None:
        path = study / "input_data/condition.txt"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    return change


@pytest.mark.parametrize(
    ("spoil", "flags", "texts"),
    [
        (
            break_nothing,
            ["--lc_only", "1"],
            ["model_save/SimulGen-VAE does not exist", "--lc_only 0"],
        ),
        (break_nothing, ["--preset", "3"], ["preset.txt", "no preset 3", "only: 1, 2"]),
        (remove_pickle, [], ["input_data/dataset1.pickle: no such file"]),
        (remove_parameters, [], ["parametric_data"]),
        (truncate_pickle, [], ["dataset1.pickle", "truncated"]),
        (shorten_table, [], ["parametric_data", "11 rows", "12 runs"]),
        (make_parameter_constant, [], ["constant parameters p0, p1"]),
        (
            change_condition("Dim1 12", "Dim1 13"),
            [],
            ["Dim1", "13 in the settings, 12 in the data"],
        ),
        (
            change_condition("Batch_size", "Batchsize"),
            [],
            ["condition.txt, line 7", "nearest is Batch_size"],
        ),
        (
            change_condition("csv", "image"),
            [],
            ["parametric_data: no image in this folder", "holds parameters"],
        ),
    ],
)
def test_mistakes_are_told_and_nothing_is_written(
    spoil: Callable[[Path], None],
    flags: list[str],
    texts: list[str],
    script: Any,
    study: Path,
    tree: Any,
) -> None:
    spoil(study)
    before = tree(study)
    code, _, err = script(*flags)
    assert code == 2
    for text in texts:
        assert text in err
    assert "Traceback" not in err
    assert tree(study) == before


@pytest.mark.parametrize("world", [None, "1"])
def test_one_process_goes_on_without_ddp(
    world: str | None, script: Any, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if world:
        monkeypatch.setenv("WORLD_SIZE", world)
    _, out, err = script("--use_ddp", "--lc_only", "1")
    assert "note: one process: it trains as without --use_ddp" in out
    assert "needs a trained VAE" in err


def test_a_failing_training_keeps_the_model_and_leaves_no_copy(
    script: Any, study: Path, tree: Any
) -> None:
    assert script()[0] == 0
    before = tree(study / "model_save")
    change_condition("LearningR 0.002", "LearningR 1e38")(study)
    code, _, err = script()
    assert code == 2
    assert "NaN or infinite" in err
    assert tree(study / "model_save") == before


def test_figures_are_saved_where_there_is_no_display(
    script: Any, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("MPLBACKEND", "agg")
    code, out, err = script("--plot=0")
    assert code == 0, err
    assert list((study / "output").glob("*.png"))
    assert "no display" in out


BACKEND = """
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

shown = []

class Manager(FigureManagerBase):
    @classmethod
    def pyplot_show(cls, *, block=None):
        from matplotlib._pylab_helpers import Gcf
        shown.extend(manager.canvas.figure.get_label() for manager in Gcf.get_all_fig_managers())

class FigureCanvas(FigureCanvasAgg):
    required_interactive_framework = "headless"
    manager_class = Manager
"""


def test_figures_are_shown_where_there_is_a_display(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backend with windows of its own stands for the display."""
    import matplotlib.pyplot as plt

    (tmp_path / "windows_backend.py").write_text(BACKEND)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    plt.imsave(tmp_path / "one.png", np.zeros((4, 6)))
    plt.switch_backend("module://windows_backend")
    try:
        import windows_backend  # type: ignore[import-not-found]

        assert show_figures([tmp_path / "one.png"])
        assert windows_backend.shown == ["one"]
        assert not plt.get_fignums()
    finally:
        plt.switch_backend("agg")


def test_in_a_study_with_named_models_the_current_one_is_trained_again(
    script: Any, study: Path, cli: Any, tree: Any
) -> None:
    assert script()[0] == 0
    done = cli("train", study, "--name", "wide", "--set", "conditioner.filters=12")
    assert done.code == 0, done.err
    assert sorted(path.name for path in (study / "models").iterdir() if path.is_dir()) == [
        "model-1",
        "wide",
    ]
    other = tree(study / "models/model-1")
    before = (study / "models/wide/LatentConditioner").read_bytes()
    code, out, err = script()
    assert code == 0, err
    (backup,) = previous(study)
    assert f"kept in {backup.relative_to(study)}" in out
    assert (backup / "LatentConditioner").read_bytes() == before
    for folder in ("models/wide", "model_save"):
        assert (study / folder / "LatentConditioner").read_bytes() != before
    assert (study / "models/wide/metrics.json").exists()
    assert (study / "output/metrics.json").exists()
    assert tree(study / "models/model-1") == other
