"""Measure which trained files each key, preset line and flag of the classic interface changes.

``python tests/cli/key_effects.py`` trains a tiny study once for every row and prints the table of
``docs/classic-interface.md``, ``python tests/cli/key_effects.py LearningR alpha`` the rows of
some keys; ``test_key_effects.py`` compares that table with what it measures.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from simulgenvae.cli.classic.simulgen_vae import main
from simulgenvae.data.conditions import Conditions
from simulgenvae.data.dataset import Dataset
from simulgenvae.data.images import ImageFormat, Images
from simulgenvae.settings import StudyFolder
from simulgenvae.utils.tensor_file import read_tensors

Content = str | NDArray[np.float32]
"""Digest of a file, or its array."""

RUNS, STEPS, NODES, VARIABLES = 14, 6, 9, 2
FILES = (
    "dataset.zarr",
    "SimulGen-VAE",
    "LatentConditioner",
    "Ensemble",
    "latent_vectors.npy",
    "xs.npy",
    "figures",
)
"""Columns of the table: the data as they are stored, the files of ``model_save/``, and the figures
of ``output/``."""
MODEL = set(FILES[1:6])
AFTER_VAE = {"LatentConditioner", "Ensemble"}

CONDITION = {
    "num_var": "2",
    "Training_epochs": "2",
    "Batch_size": "5",
    "LearningR": "0.005",
    "Latent_dim": "2",
    "Latent_dim_end": "4",
    "Loss_type": "1",
    "alpha": "1000",
    "n_epoch": "2",
    "latent_conditioner_lr": "0.005",
    "latent_conditioner_batch": "5",
    "latent_conditioner_weight_decay": "0.05",
    "latent_conditioner_dropout_rate": "0",
    "use_e2e_training": "1",
    "e2e_loss_function": "MSE",
    "LC_alpha": "1",
    "latent_reg_weight": "0.001",
    "use_latent_regularization": "1",
    "e2e_decoder": "frozen",
}
"""Keys of the study that rows change. The VAE is frozen after its own stage, which shows what
belongs to it."""
PRESET = {
    "data_No": "1",
    "init_beta_divisor": "4",
    "num_filter_enc": "16 12 8",
    "latent_conditioner_filter": "16",
}
UNEVEN = {"LearningR": "0.03", "Training_epochs": "10"}
"""Keys with which the error of the VAE rises by a fifth at first, and then falls to less than half
of what it was."""
NETWORKS = {"gaussian_process": "off"}
"""Keys with which the networks predict alone. Beside Gaussian processes, networks that have learned
so little would have a weight near 0, and the interval would be the same for any of them."""
IMAGES = {"input_type": "image", "param_dir": "/both", "param_data_type": ".png"}


@dataclass(frozen=True)
class Row:
    """A key, line or flag with the value that is tried.

    ``beside`` are keys that the study needs for it, with and without it. ``mesh``: a study of
    ingested data, with coordinates. ``first``: a whole training in the same folder comes first, and
    its files are those compared with; its VAE is left as ``first.vae`` too.
    """

    name: str
    text: str
    beside: dict[str, str] = field(default_factory=dict)
    mesh: bool = False
    first: bool = False

    @property
    def label(self) -> str:
        """First cell of the row."""
        return f"{self.name}{'=' if self.is_flag else ': '}{self.text}" if self.text else self.name

    @property
    def is_flag(self) -> bool:
        return self.name.startswith("--")


ROWS = [
    Row("Dim2_red", "4"),
    Row("Dim3_start", "2"),
    Row("Dim3_end", "7"),
    Row("num_var", "1"),
    Row("param_dir", "/other"),
    Row("param_data_type", ".jpg", IMAGES),
    Row("input_type", "image"),
    Row("input_type", "image_vit", IMAGES),
    Row("Training_epochs", "3"),
    Row("Batch_size", "4"),
    Row("LearningR", "0.002"),
    Row("Latent_dim", "3"),
    Row("Latent_dim_end", "5"),
    Row("Loss_type", "2"),
    Row("Loss_type", "3"),
    Row("Loss_type", "4"),
    Row("alpha", "10"),
    Row("init_beta_divisor", "0"),
    Row("num_filter_enc", "16 12"),
    Row("latent_conditioner_filter", "12 12"),
    Row("n_epoch", "3"),
    Row("latent_conditioner_lr", "0.002"),
    Row("latent_conditioner_batch", "4"),
    Row("latent_conditioner_weight_decay", "0.5"),
    Row("latent_conditioner_dropout_rate", "0.3"),
    Row("use_spatial_attention", "1", IMAGES),
    Row("use_e2e_training", "0"),
    Row("e2e_loss_function", "MAE", NETWORKS),
    Row("e2e_loss_function", "Huber", NETWORKS),
    Row("e2e_loss_function", "SmoothL1", NETWORKS),
    Row("e2e_vae_model_path", "/first.vae", first=True),
    Row("LC_alpha", "3"),
    Row("latent_reg_weight", "1"),
    Row("use_latent_regularization", "0"),
    Row("e2e_decoder", "trained"),
    Row("e2e_from_scratch", "1", {"e2e_decoder": "trained", "members": "1"}),
    Row("members", "2"),
    Row("gaussian_process", "off"),
    Row("validation_fraction", "0.2"),
    Row("test_fraction", "0.2"),
    Row("split_seed", "3"),
    Row("reduction", "none"),
    Row("seed", "3"),
    Row("optimizer", "adamw"),
    Row("validate_every", "1", UNEVEN | {"patience": "1"}),
    Row("patience", "1", UNEVEN | {"validate_every": "1"}),
    Row("flips", "x", IMAGES, mesh=True),
    Row("odd_variables", "x:v", IMAGES | {"flips": "x"}, mesh=True),
    Row("pixel_noise", "0.1", IMAGES),
    Row("parameter_noise", "0.1"),
    Row("field_noise", "0.1"),
    Row("mixup", "0.5"),
    Row("mixed_precision", "1"),
    Row("gradient_checkpointing", "1"),
    Row("device", "cpu"),
    Row("--preset", "2"),
    Row("--plot", "1"),
    Row("--lc_only", "1", {"n_epoch": "3"}, first=True),
    Row("--size", "large"),
    Row("--load_all", "1"),
    Row("--use_ddp", ""),
    Row("--set", "training.vae.final_learning_rate=0.5"),
]
UNTRIED = {
    "Dim1": "compared with the data: another number of runs is refused",
    "Dim2": "compared with the data: another number of timesteps is refused",
    "Dim3": "compared with the data: another number of nodes is refused",
    "data_No": "number of the preset and of its data file: see `--preset`",
    "compile": "only speed; translation takes a minute (`tests/training/test_performance.py`)",
    "--resume": "continues an interrupted training to the same files (`tests/training/test_train.py`)",
    "--version": "prints the version",
}
"""Keys and flags without a row, with the reason."""


def write_study(folder: Path) -> Path:
    """Write the data of the study: pickles of two presets, a table, another one, and images."""
    rng = np.random.default_rng(0)
    table = rng.uniform(0.5, 1.5, (RUNS, 2))
    x, t = np.linspace(-1.0, 1.0, NODES), np.linspace(0.0, 1.0, STEPS)[:, None]
    # Gaussian processes of many modes would take most of the time: there are two, of amplitudes
    # that the processes do not predict exactly.
    waves = [
        np.sin(7.0 * size * speed) * np.sin(3.0 * x) + np.cos(7.0 * speed) * t * np.cos(3.0 * x)
        for size, speed in table
    ]
    fields = np.stack([np.stack(waves), 5.0 - 2.0 * np.stack(waves)], axis=-1)  # [N, T, M, V]
    for name in ("input_data", "parametric_data", "other", "images", "both"):
        (folder / name).mkdir()
    for preset in (1, 2):
        flat = fields[:, : STEPS + 1 - preset].reshape(RUNS, -1, NODES * VARIABLES)
        (folder / f"input_data/dataset{preset}.pickle").write_bytes(pickle.dumps(flat))
    np.savetxt(folder / "parametric_data/p.csv", table, delimiter=",")
    np.savetxt(folder / "other/p.csv", table[:, :1], delimiter=",")
    for run, (size, speed) in enumerate(table, start=1):
        grey = (np.add.outer(np.arange(32) * size, np.arange(32) * speed) * 2).astype(np.uint8)
        for place in ("images", "both"):
            Image.fromarray(grey).save(folder / place / f"param_{run:03d}.png")
        Image.fromarray(grey.T[::-1]).save(folder / "both" / f"param_{run:03d}.jpg")
    ids = tuple(f"run{run}" for run in range(RUNS))
    images = Images(
        rng.integers(0, 256, (RUNS, 16, 16, 1), dtype=np.uint8), ImageFormat(16, 16, 1, 16)
    )
    conditions = Conditions(ids, (), np.zeros((RUNS, 0)), images)
    stored = Dataset.from_arrays(
        fields, conditions, times=t.ravel(), coords=x[:, None], variables=("u", "v")
    )
    stored.save(folder / "with_mesh.zarr")
    return folder


def effect(row: Row, data: Path, folder: Path, known: dict[str, dict[str, Content]]) -> set[str]:
    """Return the files that differ between a training with the row's value and one without it.

    ``data`` is what :func:`write_study` made; ``known`` keeps the files of trainings for further
    rows.
    """
    plain = f"{row.beside} {row.mesh} {row.first}"
    place = folder / "".join(filter(str.isalnum, row.label))
    copy_study(data, place, mesh=row.mesh)
    if row.first:
        known[plain] = trained(place, {"seed": "9"})
        (place / "first.vae").hardlink_to(StudyFolder(place).vae_file)
    elif plain not in known:
        copy_study(data, folder / f"plain{len(known)}", mesh=row.mesh)
        known[plain] = trained(folder / f"plain{len(known)}", row.beside)
    flags = [row.label] if row.is_flag else []
    keys = row.beside if row.is_flag else row.beside | {row.name: row.text}
    after = trained(place, keys, flags)
    return {name for name in FILES if _differ(known[plain][name], after[name])}


def _differ(before: Content, after: Content) -> bool:
    """Return whether a file has changed; latents of the same VAE are rounded in their own way."""
    if isinstance(before, str) or isinstance(after, str):
        return bool(before != after)
    return before.shape != after.shape or not np.allclose(before, after, rtol=1e-4, atol=1e-5)


def copy_study(data: Path, folder: Path, *, mesh: bool) -> None:
    """Make a study folder with links to the data."""
    (folder / "input_data").mkdir(parents=True)
    for path in data.iterdir():
        if path.name not in {"input_data", "with_mesh.zarr"}:
            (folder / path.name).symlink_to(path)
    for path in (data / "input_data").iterdir():
        (folder / "input_data" / path.name).symlink_to(path)
    if mesh:
        (folder / "input_data/dataset.zarr").symlink_to(data / "with_mesh.zarr")


def trained(folder: Path, keys: dict[str, str], flags: Sequence[str] = ()) -> dict[str, Content]:
    """Train with the script in a study folder; return the content of each file."""
    study = StudyFolder(folder)
    _run(study, keys, flags)
    return dict(contents(study))


def _run(study: StudyFolder, keys: dict[str, str], flags: Sequence[str] = ()) -> None:
    condition = CONDITION | {name: text for name, text in keys.items() if name not in PRESET}
    preset = PRESET | {name: text for name, text in keys.items() if name in PRESET}
    study.condition_file.write_text("".join(f"{key}: {text}\n" for key, text in condition.items()))
    lines = [
        " ".join(preset),
        *preset.values(),
        " ".join(preset),
        *(preset | {"data_No": "2"}).values(),
    ]
    (study.folder / "preset.txt").write_text("\n".join(lines))
    with chdir(study.folder), tempfile.TemporaryFile("w+") as said:
        with (
            redirect_stdout(said),
            redirect_stderr(said),
            _evaluation(skipped="--plot=1" not in flags),
        ):
            code = main(flags)
        said.seek(0)
        assert code == 0, f"{keys} {flags}: {said.read()}"


@contextmanager
def _evaluation(*, skipped: bool) -> Iterator[None]:
    """Leave out the evaluation, which takes most of the time and changes figures only."""
    with ExitStack() as stack:
        if skipped:
            found = SimpleNamespace(figures=())
            stack.enter_context(patch("simulgenvae.study.Study.evaluate", return_value=found))
            stack.enter_context(patch("simulgenvae.cli.classic.simulgen_vae.show_evaluation"))
        yield


def contents(study: StudyFolder) -> Iterator[tuple[str, Content]]:
    """Yield each file of ``FILES`` with its latents, or a digest of its numbers without texts."""
    data = Dataset.open(study.dataset)
    images = data.conditions.images
    seen = b"" if images is None else images.pixels.tobytes()
    stored = np.stack([data.run(run) for run in range(len(data.ids))])
    yield (
        "dataset.zarr",
        _digest(
            repr(stored.shape).encode(), stored.tobytes(), data.conditions.table.tobytes(), seen
        ),
    )
    for path in study.model_files:
        if path.suffix == ".npy":
            yield path.name, np.load(path)
            continue
        tensors, about = read_tensors(path)
        said = [str(about.get(name)) for name in ("members", "weight", "calibration")]
        said += [f"{name} {tuple(tensor.shape)}" for name, tensor in sorted(tensors.items())]
        numbers = (tensors[name].numpy().tobytes() for name in sorted(tensors))
        yield path.name, _digest(*(text.encode() for text in said), *numbers)
    yield "figures", ",".join(sorted(path.name for path in study.output.glob("*.png")))


def _digest(*parts: bytes) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(part)
    return whole.hexdigest()


def table(effects: dict[str, set[str]]) -> str:
    """Return the Markdown table of the measurement: label of a row → the files that it changes."""
    head = ["tried", *FILES]
    lines = [head, ["---"] * len(head)]
    lines += [
        [f"`{label}`", *("changed" if name in found else "" for name in FILES)]
        for label, found in effects.items()
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "data").mkdir()
        made = write_study(Path(place) / "data")
        measured: dict[str, set[str]] = {}
        cache: dict[str, dict[str, Content]] = {}
        for one in (row for row in ROWS if len(sys.argv) == 1 or row.name in sys.argv[1:]):
            measured[one.label] = effect(one, made, Path(place), cache)
            print(one.label, sorted(measured[one.label]), file=sys.stderr)
    print(table(measured))
