"""The surrogate of this package."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.cases import Case
from benchmarks.accuracy.fitted import Fitted, Rows
from benchmarks.accuracy.quantities import coverages
from simulgenvae.evaluation.analyses.uncertainty import SAMPLES, UncertaintyErrors, rank_correlation
from simulgenvae.evaluation.metrics import FieldErrors, VariableScale
from simulgenvae.settings import Settings
from simulgenvae.surrogate.fit import fit
from simulgenvae.surrogate.labelled_arrays import SCORES
from simulgenvae.surrogate.surrogate import Surrogate


def surrogate(case: Case, settings: Settings) -> Iterator[Fitted]:
    """Train the surrogate with these settings."""
    start = time.perf_counter()
    model = fit(case.dataset, settings, split=case.split)
    seconds = time.perf_counter() - start

    def predict(rows: Rows) -> NDArray[np.float32]:
        fields: NDArray[np.float32] = model.predict(case.dataset.conditions.select(rows))[
            "fields"
        ].to_numpy()
        return fields

    about = {"rank": model.reduction.rank, "warnings": model.info.warnings}
    if model.ensemble is not None:
        about |= {
            "members": len(model.ensemble.members),
            "gaussian_process_weight": model.ensemble.gp_weight,
            "decoders": [member.decoder_name for member in model.ensemble.members],
            "member_weights": model.ensemble.member_weights,
        }
    name = "none" if settings.reduction.method == "none" else "ours"
    yield Fitted(name, seconds, predict, about, lambda: judged(model, case))


def judged(model: Surrogate, case: Case) -> dict[str, Any]:
    """Return the quality of the uncertainty on test and extrapolation runs.

    Included are how well the scores of designs follow the error of both together, the error of the
    reconstruction, and the part of quantities of interest in their bands.
    """
    scale = VariableScale.fit(case.dataset.run(int(row)) for row in case.rows["train"])
    found: dict[str, Any] = {"reconstruction_test": reconstruction_error(model, case, scale)}
    errors = FieldErrors(case.dataset.variables, scale)
    scores: dict[str, list[float]] = {name: [] for name in SCORES}
    for split in ("test", "extrapolation"):
        counted = UncertaintyErrors(scale)
        ids = [case.dataset.ids[int(row)] for row in case.rows[split]]
        first = len(errors.joint)
        for row in case.rows[split]:
            prediction = model.predict(case.dataset.conditions.select([int(row)]), samples=SAMPLES)
            truth = case.dataset.run(int(row))
            counted.add(prediction, 0, truth)
            errors.add(prediction["fields"].values[0], truth)
            for name, values in scores.items():
                values.append(float(prediction[name].values[0]) if name in prediction else 0.0)
        relative = dict(zip(ids, errors.joint[first:], strict=True))
        summary = counted.summary(ids, relative).model_dump(exclude={"per_run"}) if ids else {}
        found[f"uncertainty_{split}"] = summary
    joint = np.array(errors.joint)
    correlations = {
        f"rank_correlation_of_{name}": rank_correlation(np.array(scores[name]), joint)
        for name in SCORES
    }
    quantities = {each.kind: each.part for each in coverages(model, case)}
    return found | correlations | {"quantities_test": quantities}


def reconstruction_error(model: Surrogate, case: Case, scale: VariableScale) -> float:
    """Return the mean joint error of test runs that the VAE encodes and decodes again."""
    errors = FieldErrors(case.dataset.variables, scale)
    for row in case.rows["test"]:
        run = case.dataset.run(int(row))
        errors.add(model.reconstruct(run), run)
    return float(np.mean(errors.joint))
