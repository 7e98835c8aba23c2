"""Checks of model files that need no network: version, kind, and whether they belong together.

Tested in tests/surrogate/test_files.py.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from simulgenvae.errors import UserError
from simulgenvae.settings.model_names import FIRST_MODEL
from simulgenvae.utils.damage import first_problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from simulgenvae.settings import StudyFolder
    from simulgenvae.surrogate.descriptions import ModelDescription, VaeDescription

FORMAT_VERSION = 3
"""Version of the model files; files of other versions are refused."""

ModelKind = Literal["vae", "conditioner", "ensemble"]


def require_trained(path: Path, kind: ModelKind, study: StudyFolder) -> None:
    """Raise UserError where a model file does not exist, or the folder is no study."""
    if not path.exists():
        if not (study.input_data.exists() or study.model_save.exists()):
            raise UserError(
                f"{study.folder}: there is no study in this folder, neither data nor a model: give "
                "the folder of a study, or make one with `simulgenvae ingest`"
            )
        name = "" if study.model in {None, FIRST_MODEL} else f" --name {study.model}"
        stage = "" if kind == "vae" else " --stage conditioner"
        raise UserError(
            f"{path} does not exist: train first, with `simulgenvae train {study.folder}{name}"
            f"{stage}`."
        )


def check_kind(path: Path, about: dict[str, Any], kind: ModelKind) -> None:
    """Raise UserError for a model file of another format version or of another kind."""
    # Other versions may describe anything else differently, so the version is looked at first.
    if about.get("format_version") != FORMAT_VERSION:
        raise UserError(
            f"{path} has format version {about.get('format_version')}, this simulgenvae reads "
            f"{FORMAT_VERSION}: train again, or use the version that wrote it."
        )
    if about.get("kind") != kind:
        raise UserError(
            f"{path} does not hold a {kind} (but: {about.get('kind')}). Restore the file from a "
            "copy."
        )


def require_vae(
    description: ModelDescription, vae: VaeDescription, path: Path, study: StudyFolder
) -> None:
    """Raise UserError unless a file was trained for this VAE."""
    if description.vae != vae.vae:
        raise UserError(
            f"{path} was trained for another VAE than {study.vae_file}: train the conditioner "
            f"again with `simulgenvae train {study.folder} --stage conditioner`."
        )


@contextmanager
def complete_model(path: Path) -> Iterator[None]:
    """Turn errors of a file with missing or wrong entries into a UserError that names it."""
    try:
        yield
    except (
        UserError,
        LookupError,
        TypeError,
        ValueError,
        RuntimeError,
        AttributeError,
        OverflowError,
    ) as error:
        reason = str(error) if isinstance(error, UserError) else first_problem(error)
        raise UserError(
            f"{path} does not hold a complete model ({reason}). Train again, or restore the file "
            "from a copy."
        ) from error
