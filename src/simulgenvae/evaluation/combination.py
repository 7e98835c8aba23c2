"""Names of what a prediction combines, for wherever errors stand: networks, Gaussian processes,
both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    from simulgenvae.settings import Settings
    from simulgenvae.surrogate.ensemble import Ensemble


@dataclass(frozen=True)
class Combination:
    """How networks and Gaussian processes are combined."""

    members: int
    """Number of networks."""
    weight: float
    """Weight of the Gaussian processes; the networks have the rest."""
    gaussian_processes: Literal["combined", "off", "none"]
    """Whether their weight was chosen, the settings want none of them, or they could not be
    fitted."""

    @classmethod
    def of(cls, ensemble: Ensemble, settings: Settings) -> Self:
        """Return the combination of a surrogate with these settings."""
        wanted: Literal["combined", "off"] = (
            "off" if settings.prediction.gaussian_process == "off" else "combined"
        )
        return cls(
            len(ensemble.members), ensemble.gp_weight, "none" if ensemble.pod_gp is None else wanted
        )

    @classmethod
    def from_metrics(cls, metrics: Mapping[str, Any]) -> Self:
        """Return the combination of an evaluated surrogate; ``metrics`` is the content of
        ``metrics.json``."""
        entry = metrics["combination"]
        return cls(entry["members"], entry["gaussian_process_weight"], entry["gaussian_processes"])

    def to_dict(self) -> dict[str, Any]:
        """Return the entry ``combination`` of ``metrics.json``."""
        found = asdict(self)
        return {"gaussian_process_weight": found.pop("weight"), **found}

    @property
    def networks(self) -> str:
        """The number of networks in words."""
        return "one network" if self.members == 1 else f"{self.members} networks"

    @property
    def weight_text(self) -> str:
        """The weight as it is written everywhere; ``off`` or ``none`` where it was not chosen."""
        return (
            f"{self.weight:.3g}"
            if self.gaussian_processes == "combined"
            else self.gaussian_processes
        )

    def described(self) -> str:
        """Return what the prediction is made of, as a sentence."""
        if self.weight == 1:
            have = "has" if self.members == 1 else "have"
            return f"The prediction is that of Gaussian processes alone (weight 1); {self.networks} {have} none."
        if self.weight > 0:
            return f"The prediction combines {self.networks} and Gaussian processes (weight {self.weight_text})."
        why = {
            "combined": "Gaussian processes have the weight 0",
            "off": "Gaussian processes are switched off",
            "none": "there are no Gaussian processes",
        }[self.gaussian_processes]
        return f"The prediction is that of {self.networks}; {why}."

    def method_names(self) -> dict[str, str]:
        """Return names of the prediction and of its parts."""
        of_networks = "network alone" if self.members == 1 else f"networks alone ({self.members})"
        of_processes = "Gaussian processes alone"
        combined = f"Surrogate (weight of Gaussian processes {self.weight_text})"
        if self.gaussian_processes != "combined":
            combined = f"Surrogate (Gaussian processes: {self.weight_text})"
            of_processes += " (not used)"
        names = {"networks": of_networks.capitalize(), "gaussian_processes": of_processes}
        return {"prediction": combined, **names}
