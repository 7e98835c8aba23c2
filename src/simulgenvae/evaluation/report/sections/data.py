"""Section about data, settings and versions: all that is needed to make the result again.

Tested in tests/evaluation/report/test_report.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.evaluation.report.section import Section, Table
from simulgenvae.evaluation.results import SPLITS, EvaluationResult

if TYPE_CHECKING:
    from pydantic import BaseModel, JsonValue


@dataclass(frozen=True)
class Provenance:
    """Content of the section: sizes of the splits, and blocks of JSON by title."""

    splits: Table
    blocks: dict[str, str]

    @classmethod
    def of(cls, result: EvaluationResult) -> Provenance:
        """Return the provenance of a result."""
        sizes = tuple((split, str(len(result.split.ids(split)))) for split in SPLITS)
        training = result.training.model_dump(mode="json", exclude={"history"}, exclude_none=True)
        blocks = {
            "Baselines": _json(result.baselines),
            "Training": _json(training),
            "Settings": _json(result.settings.model_dump(mode="json")),
        }
        return cls(Table(("Split", "Runs"), sizes), blocks)


def _json(content: BaseModel | dict[str, JsonValue] | dict[str, dict[str, JsonValue]]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False)


DATA = Section("Data, settings and versions", "report/data.html", Provenance.of, folded=True)
