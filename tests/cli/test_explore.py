"""`simulgenvae explore` on a trained study: files that are written, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulgenvae.data.condition_files import Known, read_conditions
from simulgenvae.design.latent_traversal import predicted_latents
from simulgenvae.settings import StudyFolder
from simulgenvae.surrogate.surrogate import Surrogate


def _fields(path: Path) -> tuple[np.ndarray, list[str]]:
    with np.load(path, allow_pickle=False) as out:
        return out["fields"], [str(run) for run in out["ids"]]


def test_interpolate_between_two_runs(cli: Any, trained: Path, make_runs: Any) -> None:
    out = trained / "way.npz"
    done = cli(
        "explore",
        trained,
        "interpolate",
        "--from",
        "run_2",
        "--to",
        "run_7",
        "--steps",
        3,
        "--out",
        out,
    )
    assert done.code == 0, done.err
    assert f"{out}: 3 fields" in done.out.replace("\n", "")
    fields, ids = _fields(out)
    assert ids == ["0", "0.5", "1"]
    surrogate = Surrogate.load(StudyFolder.open(trained))
    for step, run in ((0, 2), (2, 7)):
        np.testing.assert_allclose(
            fields[step], surrogate.reconstruct(make_runs().fields[run]), rtol=1e-4, atol=1e-4
        )


def test_interpolate_between_two_designs(cli: Any, trained: Path, make_runs: Any) -> None:
    table, out = make_runs().write_params(trained / "two.csv", [4, 1]), trained / "way.npz"
    arguments = ("interpolate", "--params", table, "--kind", "linear", "--steps", 2)
    assert cli("explore", trained, *arguments, "--out", out).code == 0
    surrogate = Surrogate.load(StudyFolder.open(trained))
    latents = predicted_latents(surrogate, read_conditions(table, Known(("speed", "size")))[0])
    np.testing.assert_allclose(_fields(out)[0], surrogate.decode(latents), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "more", [(), ("--run", "run_3", "--dimension", 1, "--distance", 2, "--overwrite")]
)
def test_traverse_a_level(cli: Any, trained: Path, more: tuple[object, ...]) -> None:
    out = trained / "walk.npz"
    done = cli("explore", trained, "traverse", "--level", "h_2", "--steps", 5, *more, "--out", out)
    assert done.code == 0, done.err
    fields, ids = _fields(out)
    assert ids == ["-2", "-1", "+0", "+1", "+2"]
    assert fields.shape == (5, 6, 23, 2)


def test_sample_is_the_same_again(cli: Any, trained: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        arguments = ("sample", "--count", 2, "--seed", seed, "--out", trained / f"{name}.npz")
        assert cli("explore", trained, *arguments).code == 0
    a, b, c = (_fields(trained / f"{name}.npz")[0] for name in "abc")
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize("suffix", [".pvd", ".vtkhdf"])
def test_in_paraview_the_animation_of_a_walk_is_its_steps(
    cli: Any, trained: Path, suffix: str
) -> None:
    pyvista = pytest.importorskip("pyvista")
    walk = ("explore", trained, "traverse", "--level", "z", "--steps", 3)
    assert cli(*walk, "--out", trained / "walk.npz").code == 0
    fields = _fields(trained / "walk.npz")[0]
    done = cli(*walk, "--out", trained / f"walk{suffix}")
    assert done.code == 0, done.err
    said = f"3 fields, a {suffix} file for each of 6 times; the animation in ParaView goes along"
    assert said in " ".join(done.out.split())
    files = sorted((trained / "walk").glob(f"*{suffix}"))
    assert len(files) == 6
    reader = pyvista.get_reader(files[0])
    for step, position in enumerate((-2.0, 0.0, 2.0)):
        if suffix == ".pvd":
            assert reader.time_values[step] == position
            reader.set_active_time_value(position)
            grid = reader.read()[0]
        else:
            reader.reader.SetStep(step)
            reader.reader.Update()
            grid = pyvista.wrap(reader.reader.GetOutputDataObject(0))
        np.testing.assert_array_equal(grid["T"], fields[step, 0, :, 1])


def test_a_walk_at_one_time_is_one_file(cli: Any, trained: Path) -> None:
    pytest.importorskip("pyvista")
    out = trained / "way.vtkhdf"
    done = cli(
        *("explore", trained, "interpolate", "--from", "run_2", "--to", "run_7"),
        *("--times", 0.5, "--steps", 3, "--out", out),
    )
    assert done.code == 0, done.err
    assert out.is_file()
    assert f"{out}: 3 fields; the animation".replace(" ", "") in "".join(done.out.split())
    again = cli("explore", trained, "sample", "--count", 2, "--out", trained / "drawn.vtkhdf")
    assert again.code == 0, again.err
    assert sorted(file.name for file in (trained / "drawn").glob("*.vtkhdf")) == [
        "sample_0.vtkhdf",
        "sample_1.vtkhdf",
    ]


def _mistakes(study: Path) -> dict[str, tuple[tuple[object, ...], tuple[str, ...]]]:
    between, along = ("interpolate", "--from", "run_1", "--to"), ("traverse", "--level")
    return {
        "unknown run": ((*between, "run_99"), ("no run 'run_99'", "'run_0'")),
        "one end": (between[:3], ("--from ID --to ID",)),
        "no end": (between[:1], ("--from ID --to ID",)),
        "runs and designs": (
            (*between, "run_2", "--params", study / "three.csv"),
            ("either two runs",),
        ),
        "three designs": (
            ("interpolate", "--params", study / "three.csv"),
            ("three.csv: 3 designs",),
        ),
        "one step": ((*between, "run_2", "--steps", 1), ("--steps is 1",)),
        "unknown kind": ((*between, "run_2", "--kind", "cubic"), ("cubic",)),
        "unknown level": ((*along, "h_7"), ("no level 'h_7'", "z, h_1, h_2")),
        "unknown dimension": ((*along, "h_1", "--dimension", 2), ("no dimension 2", "0 to 1")),
        "unknown start": ((*along, "z", "--run", "x"), ("no run 'x'",)),
        "no range": ((*along, "z", "--distance", 0), ("--distance is 0",)),
        "endless range": ((*along, "z", "--distance", "inf"), ("--distance is inf",)),
        "no samples": (("sample", "--count", 0), ("--count is 0",)),
        "too many samples": (("sample", "--count", 10**12), ("1 to 10000",)),
        "bad seed": (("sample", "--seed", -1), ("--seed is -1",)),
    }


@pytest.mark.parametrize("mistake", _mistakes(Path()))
def test_mistakes_are_refused(
    assert_refused: Any, trained: Path, make_runs: Any, mistake: str
) -> None:
    make_runs().write_params(trained / "three.csv", [1, 2, 3])
    arguments, texts = _mistakes(trained)[mistake]
    assert_refused((("explore", trained, *arguments, "--out", trained / "out.npz"), texts))


def test_an_existing_file_and_an_unknown_suffix_are_refused(
    assert_refused: Any, trained: Path
) -> None:
    (trained / "there.npz").write_text("mine")
    assert_refused(
        (
            ("explore", trained, "sample", "--out", trained / "there.npz"),
            ("there.npz", "--overwrite"),
        )
    )
    assert_refused(
        (("explore", trained, "sample", "--out", trained / "there.stl"), ("'.stl' is unknown",))
    )


def test_without_a_way_all_are_named(assert_refused: Any, trained: Path) -> None:
    assert_refused((("explore",), ("interpolate, traverse or sample",)))
    assert_refused((("explore", trained), ("interpolate, traverse or sample",)))
