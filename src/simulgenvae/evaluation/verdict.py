"""Verdict on the surrogate: whether it, its networks or its Gaussian processes are better than the
baselines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from simulgenvae.evaluation.combination import Combination
from simulgenvae.evaluation.presentation import percent

MOSTLY_PROCESSES = 0.9
"""Weight of the Gaussian processes from which on a prediction is called theirs."""
NETWORKS_MATTER = 0.5
"""Weight from which on networks that err much more than the prediction are to be trained longer."""
MUCH_MORE = 1.25
"""Multiple of the prediction's error from which on networks err much more."""
ADVICE = "train them longer (more Training_epochs and n_epoch, or training.*.steps) or on more runs"

Winner = Literal["nothing compared", "baseline", "networks", "combination", "gaussian processes"]


@dataclass(frozen=True)
class Verdict:
    """Mean errors on the same runs: of the prediction, of its parts and of the best baseline; None
    where not known."""

    combination: Combination
    prediction: float | None
    networks: float | None
    gaussian_processes: float | None
    baseline: float | None

    @classmethod
    def from_metrics(cls, metrics: Mapping[str, Any]) -> Self:
        """Return the verdict on the compared split; ``metrics`` is the content of
        ``metrics.json``."""
        errors, split, best = (
            metrics["errors"],
            metrics["compared_split"],
            metrics["best_reference"],
        )
        prediction, networks, processes = (
            errors[method][split]["relative_l2"]["mean"] if method in errors else None
            for method in ("prediction", "networks", "gaussian_processes")
        )
        baseline = best["relative_l2"] if best else None
        return cls(Combination.from_metrics(metrics), prediction, networks, processes, baseline)

    @property
    def winner(self) -> Winner:
        """Part that is more accurate than every baseline: the networks where they are, else what
        makes up for them."""
        if self.prediction is None or self.networks is None or self.baseline is None:
            return "nothing compared"
        if self.prediction >= self.baseline:
            return "baseline"
        if self.networks < self.baseline:
            return "networks"
        alone = self.gaussian_processes is not None and self.gaussian_processes <= self.prediction
        return (
            "gaussian processes"
            if alone or self.combination.weight >= MOSTLY_PROCESSES
            else "combination"
        )

    def sentence(self) -> str:
        """Return the verdict in words."""
        weight = self.combination.weight_text
        match self.winner:
            case "nothing compared":
                return "There are no unseen runs, or no baselines, to compare with."
            case "networks" if self.combination.weight == 0:
                return "The surrogate is more accurate than every baseline."
            case "networks":
                return (
                    "The surrogate is more accurate than every baseline, and so are its networks "
                    f"alone, at {percent(self.networks)}."
                )
            case "combination":
                return (
                    f"Networks and Gaussian processes together (weight {weight}) are more "
                    f"accurate than every baseline; {self._networks_alone()}."
                )
            case "gaussian processes":
                return (
                    f"It is the Gaussian processes (weight {weight}) that are more accurate than "
                    f"every baseline; {self._networks_alone()}."
                )
            case "baseline":
                return "A baseline is at least as accurate as the surrogate: use it, or train longer or on more runs."

    def notes(self) -> list[str]:
        """Return advice where the prediction makes little use of its networks."""
        if self.networks is None or self.prediction is None or self.combination.weight == 0:
            return []
        poor = self.networks > MUCH_MORE * self.prediction
        behind = self.baseline is not None and self.networks > self.baseline
        wanted = self.combination.weight >= NETWORKS_MATTER and (poor or behind)
        if not wanted and self.winner != "gaussian processes":
            return []
        return [
            "The prediction relies on Gaussian processes (weight "
            f"{self.combination.weight_text}); its networks alone err by "
            f"{percent(self.networks)}, the prediction by {percent(self.prediction)}: {ADVICE}."
        ]

    def _networks_alone(self) -> str:
        times = _times(self.networks, self.baseline)
        return f"the networks alone are at {percent(self.networks)}, {times} the error of the best baseline"


def ratio(error: float | None, baseline: float | None) -> float | None:
    """Return an error as a multiple of the best baseline's; None where one is not known or there is
    no error."""
    return error / baseline if error is not None and baseline is not None and baseline > 0 else None


def _times(error: float | None, baseline: float | None) -> str:
    multiple = ratio(error, baseline)
    return "more than" if multiple is None else f"{multiple:.2g} times"
