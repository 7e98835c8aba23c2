"""Verdict: whether the surrogate, its networks or its Gaussian processes beat the baselines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from simulgenvae.utils.formatting import percent

if TYPE_CHECKING:
    from simulgenvae.evaluation.results import EvaluationResult
    from simulgenvae.evaluation.results.combination import Combination

MOSTLY_PROCESSES = 0.9
"""Weight of the Gaussian processes from which on a prediction is called theirs."""
NETWORKS_MATTER = 0.5
"""Weight from which on networks that err much more than the prediction should train longer."""
MUCH_MORE = 1.25
"""Multiple of the prediction's error from which on networks err much more."""
ADVICE = "train them longer or on more runs"

Winner = Literal["nothing compared", "baseline", "networks", "combination", "gaussian processes"]


@dataclass(frozen=True)
class Verdict:
    """Mean errors on the same runs, from which the verdict follows; None where unknown."""

    combination: Combination
    prediction: float | None
    networks: float | None
    gaussian_processes: float | None
    baseline: float | None
    """Error of the best baseline."""

    @classmethod
    def of(cls, result: EvaluationResult) -> Self:
        """Return the verdict on the compared split of an evaluation."""
        best = result.best_baseline
        return cls(
            result.combination,
            result.mean_error("prediction"),
            result.mean_error("networks"),
            result.mean_error("gaussian_processes"),
            None if best is None else best.relative_l2,
        )

    @property
    def winner(self) -> Winner:
        """Part that is more accurate than every baseline.

        These are the networks if they are, else what improves on them.
        """
        if self.prediction is None or self.networks is None or self.baseline is None:
            return "nothing compared"
        # A tie is won by the baseline, which is the simpler method.
        if self.prediction >= self.baseline:
            return "baseline"
        if self.networks < self.baseline:
            return "networks"
        processes = self.gaussian_processes
        # The processes do as well without the networks, so these deserve no credit.
        if processes is not None and processes <= self.prediction:
            return "gaussian processes"
        if self.combination.weight >= MOSTLY_PROCESSES:
            return "gaussian processes"
        return "combination"

    def sentence(self) -> str:
        """Return the verdict in words."""
        weight = self.combination.weight_text
        match self.winner:
            case "nothing compared":
                return "There are no unseen runs, or no baselines, to compare with."
            # With the weight 0 the prediction is that of the networks, so one sentence says both.
            case "networks" if self.combination.weight == 0:
                return "The surrogate is more accurate than every baseline."
            case "networks":
                return (
                    "The surrogate is more accurate than every baseline, and so are its networks "
                    f"without the Gaussian processes, at {percent(self.networks)}."
                )
            case "combination":
                return (
                    f"Networks and Gaussian processes together (weight {weight}) are more "
                    f"accurate than every baseline; {self._networks_only()}."
                )
            case "gaussian processes":
                return (
                    f"It is the Gaussian processes (weight {weight}) that are more accurate than "
                    f"every baseline; {self._networks_only()}."
                )
            case "baseline":
                return (
                    "A baseline is at least as accurate as the surrogate: use it, or train longer "
                    "or on more runs."
                )

    def notes(self) -> list[str]:
        """Return advice where the prediction makes little use of its networks."""
        if self.networks is None or self.prediction is None or self.combination.weight == 0:
            return []
        # Two signs of networks that were trained too little: far worse than the combination, or
        # worse than a simple method.
        poor = self.networks > MUCH_MORE * self.prediction
        behind = self.baseline is not None and self.networks > self.baseline
        wanted = self.combination.weight >= NETWORKS_MATTER and (poor or behind)
        if not wanted and self.winner != "gaussian processes":
            return []
        return [
            "The prediction relies on Gaussian processes (weight "
            f"{self.combination.weight_text}); its networks without them err by "
            f"{percent(self.networks)}, the prediction by {percent(self.prediction)}: {ADVICE}."
        ]

    def _networks_only(self) -> str:
        multiple = ratio(self.networks, self.baseline)
        digits = ".2g" if multiple is None or multiple < 0.95 else ".1f"
        times = "more than" if multiple is None else f"{multiple:{digits}} times"
        return (
            f"the networks without them are at {percent(self.networks)}, {times} the error of the "
            "best baseline"
        )


def ratio(error: float | None, baseline: float | None) -> float | None:
    """Return an error as a multiple of the best baseline's; None where it has no meaning."""
    if error is None or baseline is None or not baseline > 0:
        return None
    return error / baseline
