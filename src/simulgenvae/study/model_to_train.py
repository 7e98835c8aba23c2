"""Choice of the model of a study that a training makes, and whether it may.

Tested in tests/study/test_models.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from simulgenvae.errors import UserError
from simulgenvae.settings.folder import StudyFolder
from simulgenvae.settings.model_names import FIRST_MODEL, require_model_name
from simulgenvae.study.current import name_model
from simulgenvae.utils.text_file import read_text

AnyStudy = TypeVar("AnyStudy", bound=StudyFolder)


def study_to_train(
    study: AnyStudy, name: str | None, *, vae_first: bool, resume: bool, may_replace: bool
) -> AnyStudy:
    """Return a study with the model that a training makes, which need not exist yet.

    A model without a name, which an earlier version has left, gets one before others are made.

    Parameters
    ----------
    study
        The study.
    name
        Name that the user has given; None for that of the current model.
    vae_first
        Whether the VAE is trained, so that one that is there would be replaced.
    resume
        Whether the user continues an interrupted training, which has a name.
    may_replace
        Whether a trained model may be replaced.

    Raises
    ------
    UserError
        For a trained model that would be replaced without being asked, a name that cannot be that
        of a folder, and another name than that of the training that is continued.
    """
    wanted = _name_to_train(study, name, resume=resume)
    if wanted in study.model_names and not may_replace:
        found = study.with_model(wanted)
        path = found.vae_file if vae_first else found.conditioner_file
        if path.exists():
            raise UserError(
                f"{path} exists: use --name NAME to train another model besides {wanted!r}, "
                "--overwrite to train again and replace it, or --resume to go on with an "
                "interrupted training."
            )
    name_model(study)
    return replace(study, model=wanted)


def _name_to_train(study: StudyFolder, name: str | None, *, resume: bool) -> str:
    """Return the name of the model that a training makes or continues.

    Parameters
    ----------
    study
        The study.
    name
        Name that the user has given; None for that of the current model.
    resume
        Whether the training continues an interrupted one, which has a name.

    Raises
    ------
    UserError
        For a name that cannot be that of a folder or that differs from another one in capital
        letters only, and for another name than that of the interrupted training.
    """
    if name is not None:
        require_model_name(name)
        alike = [each for each in study.model_names if each.lower() == name.lower()]
        if alike and name not in alike:
            raise UserError(
                f"there is a model {alike[0]!r}, and some systems do not distinguish capital "
                f"letters in names: take another name than {name!r}"
            )
    if resume and study.checkpoints_model_file.exists():
        begun = require_model_name(read_text(study.checkpoints_model_file).strip())
        if name not in {None, begun}:
            raise UserError(
                f"the training that --resume continues is that of the model {begun!r}: leave out "
                f"--name, or --resume to train {name!r} from the start"
            )
        return begun
    return name or study.model or study.current_model or FIRST_MODEL
