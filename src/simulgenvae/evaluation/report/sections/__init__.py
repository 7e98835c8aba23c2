"""Sections of the report, one file each, and their registry.

A new section is a file with its :class:`~simulgenvae.evaluation.report.section.Section`, its
template below ``templates/report/``, and one line below. A program that uses this package adds to
``SECTIONS`` itself, and its template to ``environment.ADDED_TEMPLATES``.

Tested in tests/evaluation/report/sections/test_registry.py.
"""

from simulgenvae.evaluation.report.section import Section
from simulgenvae.evaluation.report.sections.data import DATA
from simulgenvae.evaluation.report.sections.errors import ERRORS
from simulgenvae.evaluation.report.sections.fields import FIELDS
from simulgenvae.evaluation.report.sections.folds import FOLDS
from simulgenvae.evaluation.report.sections.latents import LATENTS
from simulgenvae.evaluation.report.sections.mesh import MESH
from simulgenvae.evaluation.report.sections.physics import PHYSICS
from simulgenvae.evaluation.report.sections.quantities import QUANTITIES
from simulgenvae.evaluation.report.sections.runs import RUNS
from simulgenvae.evaluation.report.sections.search import SEARCH
from simulgenvae.evaluation.report.sections.sensitivity import SENSITIVITY
from simulgenvae.evaluation.report.sections.training import TRAINING
from simulgenvae.evaluation.report.sections.uncertainty import UNCERTAINTY

SECTIONS: dict[str, Section] = {
    "quantities": QUANTITIES,
    "folds": FOLDS,
    "runs": RUNS,
    "mesh": MESH,
    "errors": ERRORS,
    "fields": FIELDS,
    "uncertainty": UNCERTAINTY,
    "physics": PHYSICS,
    "sensitivity": SENSITIVITY,
    "latents": LATENTS,
    "training": TRAINING,
    "search": SEARCH,
    "data": DATA,
}
"""Sections by name, in the order of the report."""
