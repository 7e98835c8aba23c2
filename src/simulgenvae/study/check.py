"""Look for everything that can be wrong with a study before it is trained.

Tested in tests/cli/test_commands.py and tests/study/test_study.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.study.data import StudyData

if TYPE_CHECKING:
    from simulgenvae.data.checks.dataset import CheckReport
    from simulgenvae.settings import Settings


class Checking(StudyData):
    """A study whose data can be checked."""

    def check(self, settings: Settings | None = None) -> CheckReport:
        """Return tables about the study's data, and findings such as constant or duplicate runs.

        Parameters
        ----------
        settings
            Settings of the study; by default, what its files say.

        Raises
        ------
        UserError
            If the data cannot be read or do not fit the settings. What is wrong with values is a
            finding of the report, whose ``passed`` is then False.

        Examples
        --------
        >>> import simulgenvae
        >>> study = simulgenvae.Study.open("S")
        >>> study.check().passed
        True
        """
        from simulgenvae.data.checks.dataset import check
        from simulgenvae.data.checks.finding import Finding
        from simulgenvae.surrogate.shapes import with_shapes
        from simulgenvae.training.memory.findings import memory_findings

        settings = settings or self.read_settings()
        # Each step refuses what would stop the next one: settings, dimensions, split, memory.
        dataset = self.open_dataset(settings)
        split = self.make_split(dataset, settings)
        # Geometries are conditions, too.
        dataset, shapes = with_shapes(dataset, split)
        # This also refuses symmetries that the mesh or the variables do not have.
        memory = memory_findings(dataset, split, settings)
        if settings.evaluation.checks:
            # Imported only where it is needed: all of evaluation takes seconds.
            from simulgenvae.evaluation.analyses.physics import read_checks

            read_checks(settings.evaluation.checks, dataset.variables, dataset.mesh)
        self.require_quantities(settings, dataset)
        described = [] if shapes is None else [Finding("info", str(shapes), subject="geometry")]
        return check(dataset, split, [*memory, *described])
