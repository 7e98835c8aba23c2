"""Sections of the model card and their registry.

A new section is a file with its :class:`~simulgenvae.evaluation.report.section.Section`, its
template below ``templates/model_card/``, and one line below.

Tested in tests/evaluation/report/test_model_card.py.
"""

from simulgenvae.evaluation.report.card.data import DATA, RANGES
from simulgenvae.evaluation.report.card.errors import BASELINES, ERRORS
from simulgenvae.evaluation.report.card.limits import LIMITS
from simulgenvae.evaluation.report.card.measures import INPUTS, PHYSICS, UNCERTAINTY
from simulgenvae.evaluation.report.card.training import REPRODUCE, TRAINING
from simulgenvae.evaluation.report.section import Section

CARD_SECTIONS: dict[str, Section] = {
    "purpose": Section("Purpose", "model_card/purpose.md"),
    "data": DATA,
    "ranges": RANGES,
    "errors": ERRORS,
    "baselines": BASELINES,
    "uncertainty": UNCERTAINTY,
    "physics": PHYSICS,
    "inputs": INPUTS,
    "limits": LIMITS,
    "training": TRAINING,
    "reproduce": REPRODUCE,
}
"""Sections by name, in the order of the card."""
