"""Train the surrogate of a study.

Tested in tests/study/test_study.py, tests/cli/test_commands.py and tests/cli/classic.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from simulgenvae.errors import UserError
from simulgenvae.search.duration import seconds_of
from simulgenvae.search.space import require_searchable
from simulgenvae.settings import Settings
from simulgenvae.study.current import keep_log, make_current, remove_results
from simulgenvae.study.data import StudyData
from simulgenvae.study.model import Model
from simulgenvae.study.model_to_train import study_to_train
from simulgenvae.utils.result_level import RESULT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from simulgenvae.surrogate.surrogate import Surrogate

logger = logging.getLogger(__name__)


class Training(StudyData):
    """A study whose surrogate can be trained."""

    def train(
        self,
        settings: Settings | None = None,
        *,
        stage: str = "all",
        name: str | None = None,
        resume: bool = False,
        overwrite: bool = False,
        budget: float | str | None = None,
    ) -> Model:
        """Train a model on the study's data, write its files and return it.

        It becomes the current model of the study, see :meth:`use_model`. If torchrun has started
        several processes, they share the work.

        Parameters
        ----------
        settings
            Settings of the study; by default, what its files say.
        stage
            Name of one stage to train, or ``"all"`` for a whole training. A stage trained by its
            name starts from the networks that are trained already.
        name
            Name of the model; by default that of the current one, and ``model-1`` for the first.
        resume
            Whether training continues from the last checkpoint, which has a name already.
        overwrite
            Whether a trained model with that name is replaced.
        budget
            Time for a search for settings and the training together: seconds, or text such as
            ``30m`` or ``1h30m``. A resumed training keeps the budget that it had.

        Raises
        ------
        UserError
            A stage that does not exist, a trained model that may not be replaced, and everything
            that is wrong with data and settings. The model files are replaced at the very end.

        Examples
        --------
        A whole training takes minutes, hence two steps here.

        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> few = ["training.end_to_end.steps=2", "training.end_to_end.members=1"]
        >>> few += ["training.end_to_end.refit=false"]
        >>> m = study.train(study.read_settings(overrides=few), name="short")
        >>> m.predict(row=0.05, speed=0.006).temperature.shape
        (1, 8, 30)
        >>> study.use_model("model-1")
        """
        if budget is not None:
            budget = seconds_of(budget)
        from simulgenvae.distributed import collectives
        from simulgenvae.training.stages import STAGES, stage_specs

        whole = stage == "all"
        if not whole:
            stage_specs([stage])  # refuses a stage that does not exist
        settings = settings or self.read_settings()
        # From new weights, this stage would forget the networks that the user wants to continue
        # with.
        if stage == "end_to_end":
            settings = _from_trained_networks(settings)
        # A conditioner can be trained again without touching the VAE.
        vae_first = whole or not STAGES[stage].reads_conditions
        with (
            # After a rank was lost, torchrun starts all of them again with the same arguments.
            collectives.process_group(settings.training.rank_timeout) as again,
            self._training(),
        ):
            continues = resume or again
            named = collectives.run_on_rank0(
                lambda: study_to_train(
                    self,
                    name,
                    vae_first=vae_first,
                    resume=resume,
                    may_replace=continues or overwrite,
                )
            )
            stages = named.default_stages(settings) if whole else [stage]
            surrogate = named.train_stages(settings, stages, resume=continues, budget=budget)
            return Model(surrogate, named)

    def train_stages(
        self,
        settings: Settings,
        stages: Sequence[str],
        *,
        resume: bool = False,
        budget: float | None = None,
    ) -> Surrogate:
        """Train these stages and write the model files, replacing those that are there.

        Stages that need a trained VAE, which none of them makes, start from that of
        :meth:`starting_vae`, and from the study's conditioner if none of them makes one.

        Raises
        ------
        UserError
            Everything that is wrong with data and settings, before anything is written.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> few = ["training.end_to_end.steps=2", "training.end_to_end.members=1"]
        >>> few += ["training.end_to_end.refit=false"]
        >>> settings = study.read_settings(overrides=few)
        >>> study.train_stages(settings, ["end_to_end"]).info.stages
        ('end_to_end',)
        """
        with self._training():
            return self.pinned()._train_stages(settings, stages, resume=resume, budget=budget)

    def join_search(self, settings: Settings | None = None) -> int:
        """Help with a search that another process does in this study (``train --budget``).

        Several processes on one machine or more can help; the folder must be the same for all.

        Parameters
        ----------
        settings
            Settings of the study; by default, what its files say. They must be those with which
            the search was started.

        Returns
        -------
        int
            Number of trainings that were made for the search.

        Raises
        ------
        UserError
            When no search is going on, or it has other settings or data.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> study.join_search()
        Traceback (most recent call last):
        simulgenvae.errors.UserError: ...
        """
        from simulgenvae.search.join import join_search
        from simulgenvae.surrogate.shapes import with_shapes

        settings = settings or self.read_settings()
        stages = self.default_stages(settings)
        require_searchable(settings, stages)
        dataset = self.open_dataset(settings)
        split = self.make_split(dataset, settings)
        dataset, _ = with_shapes(dataset, split)
        return join_search(dataset, split, settings, stages, self)

    def _training(self) -> AbstractContextManager[None]:
        """Return a block in which no other command writes into the study."""
        folders = self.models_folder, self.model_save, self.checkpoints, self.output
        return self.working("train", *folders)

    def _train_stages(
        self, settings: Settings, stages: Sequence[str], *, resume: bool, budget: float | None
    ) -> Surrogate:
        from simulgenvae.distributed import collectives
        from simulgenvae.evaluation.analyses.physics import read_checks
        from simulgenvae.surrogate.fit import fit
        from simulgenvae.surrogate.load_warm_start import load_warm_start
        from simulgenvae.training.stages import STAGES

        if budget is not None:
            require_searchable(settings, stages)
        dataset = self.open_dataset(settings)
        split = self.make_split(dataset, settings)
        # `evaluate` needs the checks; a mistake in them shall not show up hours later.
        read_checks(settings.evaluation.checks, dataset.variables, dataset.mesh)
        self.require_quantities(settings, dataset)
        vae = self.starting_vae(settings)
        start = None
        if STAGES[stages[0]].stage_class.continues_study(settings):
            if vae != self.vae_file and not vae.is_file():
                raise UserError(
                    f"{vae} does not exist: training.end_to_end.vae_path (e2e_vae_model_path) "
                    "names it."
                )
            start = load_warm_start(vae, self, settings, conditioner="conditioner" not in stages)
        surrogate = fit(
            dataset,
            settings,
            split=split,
            stages=stages,
            study=self,
            resume=resume,
            start=start,
            budget=budget,
        )
        if collectives.is_rank0() and self.model is not None:
            keep_log(self)
            remove_results(self)
            before = make_current(self)
            if before not in {None, self.model}:
                logger.info(
                    "note: %r is the current model now; simulgenvae models %s --use %s goes back",
                    self.model,
                    self.folder,
                    before,
                )
        logger.log(RESULT, "The model is in %s", self.model_folder)
        return surrogate

    def starting_vae(self, settings: Settings) -> Path:
        """Return the file of the trained VAE that later stages start from.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> study.starting_vae(study.read_settings()).as_posix()
        'S/models/model-1/SimulGen-VAE'
        """
        given = settings.training.end_to_end.vae_path
        if given is None:
            return self.vae_file
        path = self.resolve(given)
        # The classic name of the study's own VAE means that of the model, whatever its name is.
        is_own = path.resolve() == (self.model_save / self.vae_file.name).resolve()
        return self.vae_file if is_own else path

    def default_stages(self, settings: Settings) -> list[str]:
        """Return the stages of a whole training.

        There is no stage ``vae`` among them if the settings name another trained VAE. Settings
        without effect are logged.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> study.default_stages(study.read_settings())
        ['end_to_end']
        """
        from simulgenvae.training.stages import default_stages

        stages = default_stages(settings)
        vae = self.starting_vae(settings)
        not_trained = {*settings.training.stage_names(), "init_beta_divisor"} - set(stages)
        # Only settings that the user has written down are worth a note.
        unread = not_trained & settings.training.model_fields_set
        if settings.training.end_to_end.replaces_other_stages and unread:
            names = ", ".join(f"training.{name}" for name in sorted(unread))
            logger.info(
                "note: without effect: %s. All networks are trained in the stage end_to_end; "
                "training.end_to_end.from_scratch = false (e2e_from_scratch 0) runs the stages "
                "vae and conditioner too",
                names,
            )
        if vae.resolve() == self.vae_file.resolve():
            return stages
        if not settings.training.end_to_end.enabled:
            logger.info(
                "note: %s (training.end_to_end.vae_path, e2e_vae_model_path) is not read: "
                "end-to-end training is off",
                vae,
            )
            return stages
        logger.info("note: the VAE is %s; the stage vae is left out", vae)
        return [stage for stage in stages if stage != "vae"]


def _from_trained_networks(settings: Settings) -> Settings:
    """Return settings with which the end-to-end stage starts from trained networks."""
    # Validated again, not copied with an update: settings that exclude each other are refused.
    # Without the defaults: these would look as if the user had chosen them.
    given = settings.model_dump(exclude_unset=True)
    given.setdefault("training", {}).setdefault("end_to_end", {})["from_scratch"] = False
    return Settings.model_validate(given)
