"""Whatever is wrong with the input: exit code 2, one message, nothing written or lost."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Case = tuple[list[object], tuple[str, ...]]
"""Arguments, and texts that the message must hold."""


def ingest(source: Path, *more: object, fields: str = "fields.npy") -> list[object]:
    """Arguments that ingest the files of ``source`` into a new study beside it."""
    return [
        "ingest",
        source / fields,
        "--params",
        source / "params.csv",
        *more,
        "--study",
        source.parent / "new",
    ]


def change(source: Path, edit: Callable[[Any], Any]) -> None:
    np.save(source / "fields.npy", edit(np.load(source / "fields.npy")))


def missing_fields(source: Path) -> Case:
    return ingest(source, fields="nothing.npy"), ("nothing.npy",)


def missing_table(source: Path) -> Case:
    (source / "params.csv").unlink()
    return ingest(source), ("params.csv",)


def missing_coordinates(source: Path) -> Case:
    return ingest(source, "--coords", source / "where.npy"), ("where.npy",)


def wrong_shape(source: Path) -> Case:
    study = source.parent / "new"
    (study / "input_data").mkdir(parents=True)
    (study / "input_data/condition.txt").write_text("Dim1 12\nDim2 7\nDim3 24\n")
    return ingest(source), (
        "Dim2",
        "7 in the settings, 6 in the data",
        "Dim3",
        "24 in the settings, 23 in the data",
    )


def another_number_of_parameters(source: Path) -> Case:
    lines = (source / "params.csv").read_text().splitlines()
    (source / "params.csv").write_text("\n".join(lines[:-1]))
    return ingest(source), ("params.csv", "11 rows", "12 runs")


def nan_and_infinite_fields(source: Path) -> Case:
    def spoil(fields: Any) -> Any:
        fields[3, 0, :2, 0] = np.nan
        fields[7, 1, 1, 1] = np.inf
        return fields

    change(source, spoil)
    return ingest(source), ("run_3", "2 of 276", "run_7", "1 of 276")


def text_in_the_table(source: Path) -> Case:
    text = (source / "params.csv").read_text().splitlines()
    text[4] = "run_3,fast,1.0"
    (source / "params.csv").write_text("\n".join(text))
    return ingest(source), ("params.csv", "line 5", "'speed'", "'fast'")


def one_run(source: Path) -> Case:
    change(source, lambda fields: fields[:1])
    (source / "params.csv").write_text("id,speed,size\nrun_0,1,2\n")
    return ingest(source), ("fields.npy", "only one run")


def one_training_run(source: Path) -> Case:
    uses = ["train", *["test"] * 11]
    (source / "split.csv").write_text(
        "id,split\n" + "".join(f"run_{k},{use}\n" for k, use in enumerate(uses))
    )
    return ingest(source, "--split", source / "split.csv"), ("split.csv", "1 is left for training")


def unknown_run_in_the_split(source: Path) -> Case:
    (source / "split.csv").write_text("id,split\nrun_99,train\n")
    return ingest(source, "--split", source / "split.csv"), ("split.csv, line 2", "run_99")


def other_number_of_times(source: Path) -> Case:
    np.save(source / "times.npy", np.arange(5.0))
    return ingest(source, "--times", source / "times.npy"), ("times.npy", "6 timesteps")


def truncated_npy(source: Path) -> Case:
    os.truncate(source / "fields.npy", 1000)
    return ingest(source), ("fields.npy", "truncated")


def truncated_npz(source: Path) -> Case:
    np.savez(source / "fields.npz", fields=np.load(source / "fields.npy"))
    os.truncate(source / "fields.npz", 5000)
    return ingest(source, fields="fields.npz"), ("fields.npz", "damaged")


def truncated_hdf5(source: Path) -> Case:
    h5py = pytest.importorskip("h5py")
    with h5py.File(source / "fields.h5", "w") as file:
        file["fields"] = np.load(source / "fields.npy")
    os.truncate(source / "fields.h5", 6000)
    return ingest(source, fields="fields.h5"), ("fields.h5", "damaged")


def truncated_zarr(source: Path) -> Case:
    import zarr

    zarr.create_array(str(source / "fields.zarr"), data=np.load(source / "fields.npy"))
    chunk = max(
        (path for path in (source / "fields.zarr/c").rglob("*") if path.is_file()),
        key=os.path.getsize,
    )
    os.truncate(chunk, 20)
    return ingest(source, fields="fields.zarr"), ("fields.zarr", "damaged")


def truncated_pickle(source: Path) -> Case:
    (source / "fields.pickle").write_bytes(pickle.dumps(np.load(source / "fields.npy"))[:-300])
    return ingest(source, fields="fields.pickle"), ("fields.pickle", "truncated")


class Payload:
    """Unpickling this would create the file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.path}",)


def malicious_pickle(source: Path) -> Case:
    (source / "fields.pickle").write_bytes(
        pickle.dumps([np.zeros((3, 2, 2)), Payload(source / "owned")])
    )
    return ingest(source, fields="fields.pickle"), (
        "fields.pickle",
        "Nothing in it was executed",
        "system",
    )


def objects_in_npy(source: Path) -> Case:
    np.save(
        source / "fields.npy",
        np.array([Payload(source / "owned")], dtype=object),
        allow_pickle=True,
    )
    return ingest(source), ("fields.npy",)


@pytest.mark.parametrize(
    "make",
    [
        missing_fields,
        missing_table,
        missing_coordinates,
        wrong_shape,
        another_number_of_parameters,
        nan_and_infinite_fields,
        text_in_the_table,
        one_run,
        one_training_run,
        unknown_run_in_the_split,
        other_number_of_times,
        truncated_npy,
        truncated_npz,
        truncated_hdf5,
        truncated_zarr,
        truncated_pickle,
        malicious_pickle,
        objects_in_npy,
    ],
)
def test_bad_files_are_refused(
    make: Callable[[Path], Case], source: Path, assert_refused: Any
) -> None:
    assert_refused(make(source))


def test_a_failure_leaves_no_folders(source: Path, assert_refused: Any) -> None:
    change(source, lambda fields: fields * np.nan)
    split = source / "split.csv"
    split.write_text("id,split\n" + "".join(f"run_{k},train\n" for k in range(12)))
    arguments = [
        "ingest",
        source / "fields.npy",
        "--params",
        source / "params.csv",
        "--study",
        source / "a/b",
    ]
    assert_refused((arguments, ("run_0", "NaN")))
    assert_refused(([*arguments, "--split", split], ("run_0", "NaN")))


def test_coordinates_of_another_mesh_are_named(source: Path, assert_refused: Any) -> None:
    np.save(source / "fields.npy", np.load(source / "fields.npy")[..., 0])
    np.save(source / "coords.npy", np.arange(22.0))
    assert_refused(
        (
            ingest(source, "--coords", source / "coords.npy"),
            ("23 values", "22 nodes (of the coordinates or mesh)"),
        )
    )


def test_data_that_are_there_are_not_replaced(
    ingested: Path, source: Path, assert_refused: Any, tree: Any
) -> None:
    arguments = [
        "ingest",
        source / "fields.npy",
        "--params",
        source / "params.csv",
        "--study",
        ingested,
    ]
    assert_refused((arguments, ("dataset.zarr", "exists", "--overwrite")))
    change(source, lambda fields: fields * np.nan)
    assert_refused(([*arguments, "--overwrite"], ("run_0", "NaN")))


def test_a_file_instead_of_a_study(source: Path, assert_refused: Any) -> None:
    file = source / "params.csv"
    assert_refused(
        (["ingest", source / "fields.npy", "--params", file, "--study", file], ("params.csv",))
    )
    for command in ("check", "train", "evaluate"):
        assert_refused(([command, file], ("params.csv", "this is a file")))


@pytest.mark.parametrize("command", ["check", "train", "evaluate"])
def test_missing_folder_data_and_model(command: str, tmp_path: Path, assert_refused: Any) -> None:
    assert_refused(([command, tmp_path / "nowhere"], ("nowhere", "no such folder")))
    (tmp_path / "empty").mkdir()
    assert_refused(([command, tmp_path / "empty"], ("empty", "simulgenvae ingest")))


@pytest.mark.parametrize(
    ("setting", "texts"),
    [
        ("model.filters=8 12 16", ("filters must decrease", "8 12 16")),
        ("model.filters=8 8", ("filters must decrease",)),
        ("model.filters=[]", ("model.filters", "at least 1")),
        ("conditioner.filters=[]", ("conditioner.filters", "at least 1")),
        ("model.fliters=16 8", ("model.fliters", "the nearest is model.filters")),
        ("training.vae=3", ("training.vae", "group of settings")),
        ("training.vae.steps=many", ("training.vae.steps", "whole number", "many")),
        ("training.vae.steps", ("group.key=value",)),
        ("data.runs=13", ("dataset.zarr", "Dim1", "13 in the settings, 12 in the data")),
        ("data.nodes=22", ("dataset.zarr", "Dim3", "22 in the settings, 23 in the data")),
        ("data.validation_fraction=0.9", ("validation_fraction",)),
    ],
)
def test_bad_settings_are_refused_before_anything_is_written(
    setting: str, texts: tuple[str, ...], trained: Path, assert_refused: Any
) -> None:
    every_stage = "training.end_to_end.from_scratch=false"
    assert_refused(
        (["train", trained, "--overwrite", "--set", every_stage, "--set", setting], texts)
    )


@pytest.mark.parametrize(
    ("name", "content", "texts"),
    [
        (
            "study.toml",
            "[model]\nfilter = [3]\n",
            ("study.toml", "model.filter", "nearest is model.filters"),
        ),
        ("study.toml", "[model\n", ("study.toml", "line 1")),
        (
            "input_data/condition.txt",
            "Dim1 12\nBatchsize 3\n",
            ("condition.txt, line 2", "nearest is Batch_size"),
        ),
        (
            "input_data/condition.txt",
            "Dim1 12\nDim1 13\n",
            ("condition.txt, line 2", "given before"),
        ),
        ("preset.txt", "header, of preset\n1\n4\n128 256\n8\n", ("preset.txt", "must decrease")),
        ("preset.txt", "header, of preset\n1\n4\n\n8\n", ("preset.txt",)),
    ],
)
def test_bad_settings_files_are_refused(
    name: str, content: str, texts: tuple[str, ...], ingested: Path, assert_refused: Any
) -> None:
    (ingested / "study.toml").unlink()
    (ingested / name).write_text(content)
    for command in ("check", "train"):
        assert_refused(([command, ingested], texts))


def test_parameter_that_training_runs_do_not_vary_is_an_error_before_training(
    cli: Any, source: Path, assert_refused: Any
) -> None:
    # A parameter that no run varies is left out at ingest.
    rows = "".join(f"run_{k},{k},{8 if k == 11 else 7}\n" for k in range(12))
    uses = "".join(f"run_{k},{'test' if k == 11 else 'train'}\n" for k in range(12))
    (source / "params.csv").write_text(f"id,speed,gravity\n{rows}")
    arguments = ingest(source)
    (source / "uses.csv").write_text(f"id,split\n{uses}")
    assert cli(*arguments, "--split", source / "uses.csv").code == 0
    assert_refused(
        (["train", arguments[-1]], ("constant parameter 'gravity'", "Remove the column"))
    )
    done = cli("check", arguments[-1])
    assert (done.code, "constant parameter 'gravity'" in done.out) == (2, True)


def test_a_trained_model_is_not_replaced_unasked(trained: Path, assert_refused: Any) -> None:
    for stage, file in (
        ("all", "SimulGen-VAE"),
        ("vae", "SimulGen-VAE"),
        ("conditioner", "LatentConditioner"),
    ):
        assert_refused((["train", trained, "--stage", stage], (file, "--overwrite", "--resume")))


def test_conditioner_without_a_vae_names_the_file(ingested: Path, assert_refused: Any) -> None:
    assert_refused(
        (
            ["train", ingested, "--stage", "conditioner"],
            ("models/model-1/SimulGen-VAE does not exist",),
        )
    )
    other = ["--set", "training.end_to_end.vae_path=elsewhere/vae"]
    assert_refused(
        (
            ["train", ingested, "--stage", "conditioner", *other],
            ("elsewhere/vae does not exist", "vae_path"),
        )
    )


def test_later_stages_need_the_same_architecture_and_data(
    cli: Any, trained: Path, source: Path, assert_refused: Any
) -> None:
    train = ["train", trained, "--stage", "conditioner", "--overwrite"]
    assert_refused(([*train, "--set", "model.latent_dim=5"], ("model.latent_dim was 4 and is 5",)))
    change(source, lambda fields: fields + 1)
    more = ["--params", source / "params.csv", "--study", trained, "--overwrite"]
    assert cli("ingest", source / "fields.npy", *more).code == 0
    assert_refused((train, ("other data",)))
    assert_refused((["evaluate", trained], ("dataset.zarr", "not the data")))


def test_resume_with_other_settings_is_refused(trained: Path, assert_refused: Any) -> None:
    assert_refused(
        (
            ["train", trained, "--resume", "--set", "training.seed=5"],
            ("training.seed was 0 and is 5",),
        )
    )


@pytest.mark.parametrize("file", ["SimulGen-VAE", "LatentConditioner", "Ensemble"])
@pytest.mark.parametrize("size", [0, 7, 200, -1])
def test_truncated_model_files(
    file: str, size: int, trained: Path, make_runs: Any, assert_refused: Any
) -> None:
    path = trained / "models/model-1" / file
    os.truncate(path, path.stat().st_size - 1 if size < 0 else size)
    table = make_runs().write_params(trained / "new.csv", [0])
    assert_refused(
        (["predict", trained, "--params", table, "--out", trained / "p.npz"], (file, "damaged"))
    )
    assert_refused((["evaluate", trained], (file, "damaged")))


def test_models_of_two_trainings_do_not_mix(
    cli: Any, trained: Path, templates: Path, make_runs: Any, assert_refused: Any
) -> None:
    assert cli("train", trained, "--overwrite", "--set", "training.seed=1").code == 0
    model = "models/model-1"
    shutil.copy(templates / "trained" / model / "LatentConditioner", trained / model)
    table = make_runs().write_params(trained / "new.csv", [0])
    predict = ["predict", trained, "--params", table, "--out", trained / "p.npz"]
    assert_refused(
        (predict, ("LatentConditioner was trained for another VAE", "--stage conditioner"))
    )


@pytest.mark.parametrize("file", ["last.safetensors", "prepared.safetensors"])
def test_truncated_checkpoints(file: str, trained: Path, assert_refused: Any) -> None:
    os.truncate(trained / "checkpoints" / file, 300)
    assert_refused((["train", trained, "--resume"], (file, "damaged")))


def test_truncated_dataset(trained: Path, assert_refused: Any) -> None:
    chunk = next(
        path for path in (trained / "input_data/dataset.zarr/fields/c").rglob("*") if path.is_file()
    )
    os.truncate(chunk, 100)
    for command in (["check"], ["train", "--overwrite"], ["evaluate"]):
        assert_refused(
            ([command[0], trained, *command[1:]], ("truncated or damaged", "dataset.zarr/fields"))
        )


def test_damaged_bytes_in_the_dataset_are_found(trained: Path, assert_refused: Any) -> None:
    chunk = next(
        path for path in (trained / "input_data/dataset.zarr/fields/c").rglob("*") if path.is_file()
    )
    content = bytearray(chunk.read_bytes())
    content[50] ^= 255
    chunk.write_bytes(bytes(content))
    (
        trained / "checkpoints/prepared.safetensors"
    ).unlink()  # with it, fields that were reduced before are not read
    assert_refused((["train", trained, "--overwrite"], ("cannot be read from the dataset",)))


@pytest.mark.parametrize(
    ("table", "texts"),
    [
        ("id,speed\na,1\n", ("new.csv", "missing: size")),
        ("id,speed,size,more\na,1,2,3\n", ("new.csv", "not known: more")),
        ("id,speed,size\na,1,x\n", ("new.csv, line 2", "'size'", "'x'")),
        ("id,speed,size\na,1,nan\n", ("new.csv, line 2", "'size'")),
        ("id,speed,size\na,1,1\na,2,2\n", ("new.csv", "'a'")),
        ("id,speed,size\n", ("new.csv", "no rows")),
        ("", ("new.csv",)),
    ],
)
def test_bad_tables_of_new_designs(
    table: str, texts: tuple[str, ...], trained: Path, assert_refused: Any
) -> None:
    (trained / "new.csv").write_text(table)
    assert_refused(
        (["predict", trained, "--params", trained / "new.csv", "--out", trained / "p.npz"], texts)
    )


def test_bad_predictions(trained: Path, make_runs: Any, assert_refused: Any) -> None:
    table = make_runs().write_params(trained / "new.csv", [0])
    predict: list[object] = ["predict", trained, "--params", table, "--out"]
    assert_refused(
        ([*predict, trained / "p.txt"], ("p.txt", ".npz, .zarr, .nc, .pvd, .vtkhdf, .xdmf"))
    )
    assert_refused(([*predict, trained / "no/p.npz"], ("no does not exist",)))
    assert_refused(
        (
            [*predict, table.with_suffix(".npz"), "--samples", 1],
            ("samples is 1: a standard deviation needs at least 2",),
        )
    )
    assert_refused(
        (
            [*predict, table.with_suffix(".npz"), "--samples", 2, "--seed", 2**63],
            ("--seed is 9223372036854775808",),
        )
    )
    (trained / "p.npz").write_text("precious")
    assert_refused(([*predict, trained / "p.npz"], ("p.npz exists", "--overwrite")))
    np.savetxt(trained / "times.csv", [0.5, 3.0])
    assert_refused(
        ([*predict, trained / "q.npz", "--times", trained / "times.csv"], ("Time 3", "0 to 2"))
    )
    for name, number, told in (
        ("many", 99, "no node 99"),
        ("half", 0.5, "half.csv: node numbers must be whole"),
    ):
        np.savetxt(trained / f"{name}.csv", [0, number])
        assert_refused(([*predict, trained / "q.npz", "--nodes", trained / f"{name}.csv"], (told,)))
    assert_refused(
        ([*predict, trained / "q.npz", "--variables", "u,p"], ("no variable 'p'", "u, T"))
    )
    assert_refused(
        (
            ["predict", trained, "--params", trained / "none.csv", "--out", trained / "q.npz"],
            ("none.csv",),
        )
    )


def test_the_demo_refuses_before_it_solves(tmp_path: Path, assert_refused: Any) -> None:
    assert_refused((["demo", tmp_path / "demo", "--runs", 3], ("--runs is 3", "4 at least")))
    assert_refused(
        (["demo", tmp_path / "demo", "--set", "model.with=3"], ("nearest is model.width",))
    )


def test_unknown_arguments_are_explained(assert_refused: Any) -> None:
    assert_refused((["trian"], ("trian", "train")))
    assert_refused((["train", "--stage", "more"], ("--stage", "end_to_end")))


def test_a_training_that_fails_late_leaves_the_model_and_its_report(
    cli: Any, trained: Path, tree: Any
) -> None:
    every_stage = ("--overwrite", "--set", "training.end_to_end.from_scratch=false")
    assert cli("train", trained, *every_stage).code == 0
    before = tree(trained / "model_save")
    unguarded = ("--set", "training.max_grad_norm=1e30", "--set", "training.skip_gradient=1e30")
    done = cli(
        "train",
        trained,
        *every_stage,
        "--set",
        "training.end_to_end.learning_rate=1e30",
        *unguarded,
    )
    assert done.code == 2
    assert "stage end_to_end became NaN or infinite" in done.err
    assert tree(trained / "model_save") == before
    assert cli("evaluate", trained).code == 0
    metrics = json.loads((trained / "output/metrics.json").read_text())
    assert set(metrics["stages"]) == {"end_to_end"}
    assert any("vae.safetensors belongs to another training" in note for note in metrics["notes"])
