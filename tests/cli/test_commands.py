"""Every command on good input: arrays in, study, model, report, arrays out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr

from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.surrogate import Surrogate


def test_ingest_says_what_it_stored_and_how_runs_were_matched(
    cli: Any, source: Path, tmp_path: Path
) -> None:
    done = cli(
        "ingest",
        source / "fields.npy",
        "--params",
        source / "params.csv",
        "--study",
        tmp_path / "study",
    )
    assert done.code == 0, done.err
    assert "12 runs, 6 timesteps, 23 nodes, 2 variables" in done.out
    assert "run k is row k" in done.out
    assert (tmp_path / "study/input_data/dataset.zarr").is_dir()


def test_ingest_keeps_the_given_split(cli: Any, source: Path, tmp_path: Path) -> None:
    uses = ["test", "validation", *["train"] * 10]
    split = source / "split.csv"
    split.write_text("id,split\n" + "".join(f"run_{k},{use}\n" for k, use in enumerate(uses)))
    study = tmp_path / "study"
    done = cli(
        "ingest",
        source / "fields.npy",
        "--params",
        source / "params.csv",
        "--split",
        split,
        "--study",
        study,
    )
    assert done.code == 0, done.err
    assert "run_0,test" in (study / "input_data/split.csv").read_text()
    again = cli(
        "ingest",
        source / "fields.npy",
        "--params",
        source / "params.csv",
        "--study",
        study,
        "--overwrite",
    )
    assert again.code == 0, again.err
    assert not (study / "input_data/split.csv").exists()


def test_runs_are_appended_and_the_model_learns_from_them_too(
    cli: Any, source: Path, tmp_path: Path
) -> None:
    study, fields = tmp_path / "study", np.load(source / "fields.npy")
    header, *rows = (source / "params.csv").read_text().splitlines()
    for name, some in (("first", slice(9)), ("more", slice(9, 12))):
        np.save(tmp_path / f"{name}.npy", fields[some])
        table = [f"{name}_{k},{row.split(',', 1)[1]}" for k, row in enumerate(rows[some])]
        (tmp_path / f"{name}.csv").write_text("\n".join(["id," + header.split(",", 1)[1], *table]))

    def ingest(name: str, *more: str) -> Any:
        return cli(
            "ingest",
            tmp_path / f"{name}.npy",
            "--params",
            tmp_path / f"{name}.csv",
            "--study",
            study,
            *more,
        )

    assert ingest("first").code == 0
    quick = [f"--set=training.{stage}.steps=2" for stage in ("vae", "conditioner", "end_to_end")]
    assert cli("train", study, *quick).code == 0
    done = ingest("more", "--append")
    assert done.code == 0, done.err
    assert "12 runs, 6 timesteps" in done.out
    again = ingest("more", "--append")
    assert again.code == 2
    assert "the study has these runs already" in again.err
    done = cli("train", study, *quick, "--overwrite")
    assert done.code == 0, done.err
    assert "9 runs were reduced before; 3 are added" in done.out
    refused = ingest("more", "--append", "--split", str(tmp_path / "split.csv"))
    assert "--split has no effect with --append" in refused.err


def test_settings_name_the_parameters_and_the_part_that_is_used(cli: Any, source: Path) -> None:
    (source / "study.toml").write_text('[data]\nparameters = "params.csv"\n')
    done = cli(
        "ingest", source / "fields.npy", "--study", source, "--set", "data.first_timesteps=4"
    )
    assert done.code == 0, done.err
    assert "12 runs, 4 timesteps" in done.out


def test_another_preset_of_a_classic_study(cli: Any, ingested: Path) -> None:
    (ingested / "study.toml").unlink()
    (ingested / "preset.txt").write_text("header, of preset\n2\n4\n16 8\n16\n")
    refused = cli("check", ingested)
    assert refused.code == 2
    assert "choose another --preset" in refused.err
    assert cli("check", ingested, "--preset", 2).code == 0


def test_check_reports_and_passes(cli: Any, ingested: Path) -> None:
    done = cli("check", ingested)
    assert done.code == 0, done.err
    for text in (
        "timesteps",
        "speed",
        "0 to 2",
        "expected memory",
        f"Next: simulgenvae train {ingested}",
    ):
        assert text in done.out


@pytest.mark.parametrize("command", ["check", "train"])
def test_physics_checks_are_read_before_they_are_needed(
    cli: Any, ingested: Path, command: str
) -> None:
    refused = cli(command, ingested, "--set", "evaluation.checks=work: u * pressure")
    assert refused.code == 2
    assert "evaluation.checks, 'work': " in refused.err
    assert "pressure" in refused.err


def test_training_leaves_the_classic_files(templates: Path) -> None:
    model = templates / "trained" / "model_save"
    assert {path.name for path in model.iterdir()} == {
        "SimulGen-VAE",
        "LatentConditioner",
        "Ensemble",
        "latent_vectors.npy",
        "xs.npy",
    }
    assert np.load(model / "latent_vectors.npy").shape == (12, 4)
    assert np.load(model / "xs.npy").shape == (12, 2, 2)
    assert any((templates / "trained/output/tensorboard").iterdir())


def test_evaluate_writes_metrics_and_report(cli: Any, trained: Path) -> None:
    done = cli("evaluate", trained, "--set", "evaluation.figures=true")
    assert done.code == 0, done.err
    assert all(
        name in done.out for name in ("Surrogate (", "Networks only (2)", "Gaussian processes only")
    )
    metrics = json.loads((trained / "output/metrics.json").read_text())
    assert metrics["data"]["units"] == ["m", "K"]
    assert set(metrics["stages"]) == {"end_to_end"}
    assert (
        {path.name for path in (trained / "output").glob("*.png")}
        == set(metrics["figures"])
        != set()
    )
    assert "</html>" in (trained / "output/report.html").read_text()
    card = trained / "models/model-1/MODEL_CARD.md"
    assert f"Model card: {card.resolve()}" in done.out
    assert (trained / "output/MODEL_CARD.md").read_text() == card.read_text()
    assert card.read_text().startswith("# Model card")


def test_evaluation_has_settings_of_its_own(cli: Any, trained: Path) -> None:
    def checks(*arguments: str) -> list[str]:
        done = cli("evaluate", trained, *arguments)
        assert done.code == 0, done.err
        metrics = json.loads((trained / "output/metrics.json").read_text())
        found = [
            one["of"] for one in metrics["physics"]["quantities"] if one["kind"] == "expression"
        ]
        assert len(metrics["settings"]["evaluation"]["checks"]) == len(found)
        return found

    with (trained / "study.toml").open("a") as file:
        file.write('checks = ["kinetic energy: 0.5*u**2", "heat: T"]\n')
    assert checks() == ["kinetic energy", "heat"]
    quick = ("--set", "evaluation.figures=false")
    assert checks("--set", 'evaluation.checks=["late: t*u"]', *quick) == ["late"]
    refused = cli("evaluate", trained, "--set", "training.seed=1")
    assert refused.code == 2
    assert "only settings of the group evaluation" in refused.err


def test_predict_writes_arrays_in_the_order_of_the_table(
    cli: Any, trained: Path, make_runs: Any
) -> None:
    table = make_runs().write_params(trained / "new.csv", [5, 2, 9])
    done = cli("predict", trained, "--params", table, "--out", trained / "new.npz", "--samples", 3)
    assert done.code == 0, done.err
    with np.load(trained / "new.npz", allow_pickle=False) as out:
        assert out["fields"].shape == out["std"].shape == (3, 6, 23, 2)
        assert list(map(str, out["ids"])) == ["run_5", "run_2", "run_9"]
        assert list(map(str, out["variables"])) == ["u", "T"]
        assert np.allclose(out["times"], np.linspace(0, 2, 6))
        assert out["coords"].shape == (23, 1)
        assert abs(out["fields"][..., 1].mean() - 303) < 10  # physical units
        assert out["expected_error"].shape == out["novelty"].shape == (3,)
        assert all(f"{100 * error:.2g} %" in done.out for error in out["expected_error"])
    assert done.out.index("run_5") < done.out.index("run_2") < done.out.index("run_9")
    done = cli("predict", trained, "--params", table, "--out", trained / "new.zarr")
    assert done.code == 0, done.err
    stored: Any = zarr.open_group(str(trained / "new.zarr"), mode="r")
    assert stored["fields"].shape == (3, 6, 23, 2)


def test_quantities_of_interest(cli: Any, trained: Path, make_runs: Any) -> None:
    with (trained / "study.toml").open("a", encoding="utf-8") as file:
        file.write('\n[quantities]\npeak = "max(T)"\n')
    table = make_runs().write_params(trained / "new.csv", [5, 2])
    predict = ("predict", trained, "--params", table, "--overwrite", "--out", trained / "new.npz")
    done = cli(*predict, "--quantity", "probe=value(u, point=0.31, time=0.5)")
    assert done.code == 0, done.err
    head = next(line for line in done.out.splitlines() if "peak" in line)
    assert head.index("peak") < head.index("probe")
    assert "±" in done.out
    assert "Quantities of interest" in done.out
    for given, message in {
        "peak=min(T)": "The quantity 'peak' is declared in",
        "max(T)": "give it a name, such as",
        "q=max(t)": "there is no variable 't': did you mean 'T'?",
    }.items():
        refused = cli(*predict, "--quantity", given)
        assert refused.code == 2
        assert message in " ".join(refused.err.split())
    done = cli("evaluate", trained, "--quantity", "late=mean(u, times=(1, 2))")
    assert done.code == 0, done.err
    metrics = json.loads((trained / "output" / "metrics.json").read_text(encoding="utf-8"))
    assert [each["name"] for each in metrics["quantities"]["found"]] == ["peak", "late"]
    assert list(metrics["sensitivity"]["sobol"]["quantities"]) == ["peak", "late"]
    assert "that the surrogate had not seen: wrong by" in " ".join(done.out.split())


def test_predict_at_other_times_and_warns_outside_the_trained_range(
    cli: Any, trained: Path
) -> None:
    (trained / "new.csv").write_text("id,size,speed\n[red],99,0.5\n")  # brackets are no markup
    np.savetxt(trained / "times.csv", [0.1, 1.9])
    done = cli(
        "predict",
        trained,
        "--params",
        trained / "new.csv",
        "--out",
        trained / "n.npz",
        "--times",
        trained / "times.csv",
    )
    assert done.code == 0, done.err
    assert "run '[red]': size = 99 is above the trained range" in done.out
    with np.load(trained / "n.npz") as out:
        assert out["fields"].shape == (1, 2, 23, 2)


@pytest.mark.parametrize("suffix", [".npz", ".zarr", ".pvd"])
def test_predict_some_nodes_and_variables(
    cli: Any, trained: Path, make_runs: Any, suffix: str
) -> None:
    if suffix == ".pvd":
        pytest.importorskip("pyvista")
    table, nodes, out = (
        make_runs().write_params(trained / "new.csv", [0]),
        trained / "nodes.csv",
        trained / f"s{suffix}",
    )
    nodes.write_text("node\n7\n2\n")
    done = cli(
        "predict", trained, "--params", table, "--out", out, "--nodes", nodes, "--variables", "T"
    )
    assert done.code == 0, done.err
    if suffix == ".npz":
        with np.load(out) as found:
            assert found["fields"].shape[2:] == (2, 1)
            assert (found["nodes"].tolist(), found["variables"].tolist()) == ([7, 2], ["T"])
            np.testing.assert_allclose(found["coords"].ravel(), np.linspace(0, 1, 23)[[7, 2]])
    elif suffix == ".zarr":
        fields = xr.open_zarr(out, consolidated=False)["fields"]
        assert fields.sel(node=2, variable="T").shape == (1, 6)
    else:
        assert 'file="s_vtu/0005.vtu"' in out.read_text()


def test_predict_writes_a_series_for_paraview(cli: Any, trained: Path, make_runs: Any) -> None:
    pytest.importorskip("pyvista")
    table = make_runs().write_params(trained / "new.csv", [0])
    done = cli("predict", trained, "--params", table, "--out", trained / "new.pvd")
    assert done.code == 0, done.err
    assert (trained / "new.pvd").read_text().startswith("<?xml")


def test_stages_one_by_one(cli: Any, ingested: Path, make_runs: Any) -> None:
    assert cli("train", ingested, "--stage", "vae").code == 0
    table = make_runs().write_params(ingested / "new.csv", [1])
    refused = cli("predict", ingested, "--params", table, "--out", ingested / "new.npz")
    assert refused.code == 2
    assert "LatentConditioner" in refused.err
    assert cli("train", ingested, "--stage", "conditioner").code == 0
    refused = cli("train", ingested, "--stage", "end_to_end")
    assert refused.code == 2
    assert "--overwrite" in refused.err
    assert cli("train", ingested, "--stage", "end_to_end", "--overwrite").code == 0
    assert cli("predict", ingested, "--params", table, "--out", ingested / "new.npz").code == 0


def test_conditioner_starts_from_the_vae_that_the_settings_name(
    cli: Any, ingested: Path, templates: Path
) -> None:
    other = templates / "trained/model_save/SimulGen-VAE"
    path = f"training.end_to_end.vae_path={other}"
    done = cli("train", ingested, "--stage", "conditioner", "--set", path)
    assert done.code == 0, done.err
    ours, theirs = (
        np.load(folder / "latent_vectors.npy") for folder in (ingested / "model_save", other.parent)
    )
    np.testing.assert_allclose(
        ours, theirs, rtol=1e-4, atol=1e-5
    )  # up to rounding in the projection on the modes
    done = cli("train", ingested, "--set", path, "--overwrite")
    assert done.code == 0, done.err
    assert "the stage vae is left out" in done.out
    assert Surrogate.load(StudyFolder(ingested)).info.stages == ("conditioner", "end_to_end")


def test_resume_completes_the_training_that_overwrite_left(
    cli: Any, trained: Path, tree: Any
) -> None:
    before = tree(trained / "model_save")
    (trained / "model_save/SimulGen-VAE").unlink()
    log = trained / "output/training.log"
    assert log.read_text().count("training starts") == 1
    done = cli("train", trained, "--resume")
    assert done.code == 0, done.err
    assert tree(trained / "model_save") == before
    begun, ended = log.read_text().split("training continues")
    assert begun.count("  finished\n") == ended.count("  finished\n") == 1


def test_settings_from_the_command_line_reach_the_model(cli: Any, ingested: Path) -> None:
    done = cli(
        "train",
        ingested,
        "--set",
        "model.size=large",
        "--set",
        "data.load_all=true",
        "--stage",
        "vae",
    )
    assert done.code == 0, done.err
    from simulgenvae.utils.tensor_file import read_tensors

    _, about = read_tensors(ingested / "model_save/SimulGen-VAE")
    assert (about["settings"]["model"]["size"], about["settings"]["data"]["load_all"]) == (
        "large",
        True,
    )


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"]])
def test_the_installed_command_explains_itself(arguments: list[str]) -> None:
    program = Path(sys.executable).with_name("simulgenvae")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: simulgenvae")


def test_export_writes_a_model_that_says_the_same(cli: Any, trained: Path) -> None:
    done = cli("export", trained, "--out", trained / "model.pt2")
    assert done.code == 0, done.err
    assert "differs from the surrogate by" in done.out
    assert (trained / "model.pt2").is_file()
    again = cli("export", trained, "--out", trained / "model.pt2")
    assert again.code == 2
    assert "--overwrite" in again.err


def test_predict_beside_the_truth(cli: Any, trained: Path, make_runs: Any) -> None:
    pytest.importorskip("pyvista")
    import pyvista

    table = make_runs().write_params(trained / "known.csv", [4, 1])
    out = trained / "known.pvd"
    done = cli("predict", trained, "--params", table, "--truth", trained, "--out", out)
    assert done.code == 0, done.err
    stored: Any = zarr.open_group(str(trained / "input_data/dataset.zarr"), mode="r")
    row = list(stored.attrs["ids"]).index("run_4")
    grid: Any = pyvista.read(trained / "known/run_4_vtu/0003.vtu")
    np.testing.assert_array_equal(grid["T_truth"], stored["fields"][row, 3, :, 1])
    np.testing.assert_allclose(grid["T_error"], grid["T"] - grid["T_truth"])
    # Without a file to write, both errors are shown all the same.
    done = cli("predict", trained, "--params", table, "--truth", trained, "--json")
    assert done.code == 0, done.err
    assert "True error" in done.err
    found = {each["design"]: each["true_error"] for each in json.loads(done.out)["designs"]}
    assert cli("evaluate", trained, "--set", "evaluation.figures=false").code == 0
    measured = json.loads((trained / "output/metrics.json").read_text())["errors"]["prediction"]
    by_run = {run: error for split in measured.values() for run, error in split["per_run"].items()}
    # The surrogate and the evaluation take the deviation over other sets of runs.
    assert found == pytest.approx({run: by_run[run] for run in ("run_4", "run_1")}, rel=0.02)
    table.write_text(table.read_text().replace("run_4", "other"))
    done = cli(
        "predict", trained, "--params", table, "--truth", trained, "--out", trained / "o.npz"
    )
    assert done.code == 2
    assert "has no runs for the designs 'other'" in done.err
    assert not (trained / "o.npz").exists()


def test_settings_of_stages_that_do_not_run_are_said_to_have_no_effect(
    cli: Any, trained: Path
) -> None:
    setting = ("--overwrite", "--set", "training.vae.steps=3")
    assert (
        "note: without effect: training.conditioner, training.vae."
        in cli("train", trained, *setting).out
    )
    every_stage = ("--set", "training.end_to_end.from_scratch=false")
    assert "without effect" not in cli("train", trained, *setting, *every_stage).out
