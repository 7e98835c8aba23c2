"""Description of how networks and Gaussian processes are combined, in numbers and in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field

from simulgenvae.evaluation.results.base import Record

if TYPE_CHECKING:
    from simulgenvae.settings import Settings
    from simulgenvae.surrogate.ensemble import Ensemble


class Combination(Record):
    """Members of the ensemble and weight of its Gaussian processes."""

    members: int
    """Number of networks."""
    weight: float
    """Weight of the Gaussian processes; the networks have the rest."""
    gaussian_processes: Literal["combined", "off", "none"]
    """State of the Gaussian processes: ``combined`` if their weight was chosen, ``off`` if the
    settings exclude them, ``none`` if they could not be fitted."""
    decoders: dict[str, float] = Field(default_factory=dict)
    """Weight of the networks with each decoder, among the networks; empty in files of earlier
    versions."""

    @classmethod
    def of(cls, ensemble: Ensemble, settings: Settings) -> Self:
        """Return the combination of a surrogate with these settings."""
        use: Literal["combined", "off", "none"] = "combined"
        if ensemble.pod_gp is None:
            use = "none"
        elif settings.prediction.gaussian_process == "off":
            use = "off"
        decoders: dict[str, float] = {}
        for member, weight in zip(ensemble.members, ensemble.member_weights, strict=True):
            decoders[member.decoder_name] = decoders.get(member.decoder_name, 0.0) + weight
        return cls(
            members=len(ensemble.members),
            weight=ensemble.gp_weight,
            gaussian_processes=use,
            decoders=decoders,
        )

    @property
    def networks(self) -> str:
        """Number of networks in words."""
        return "one network" if self.members == 1 else f"{self.members} networks"

    @property
    def _networks_by_decoder(self) -> str:
        """Number of networks in words, with the weight of each decoder where they differ."""
        if len(self.decoders) < 2:
            return self.networks
        weights = ", ".join(f"{name} {weight:.3g}" for name, weight in self.decoders.items())
        return f"{self.networks} (weights by decoder: {weights})"

    @property
    def weight_text(self) -> str:
        """Weight as text; ``off`` or ``none`` if it was not chosen."""
        return (
            f"{self.weight:.3g}"
            if self.gaussian_processes == "combined"
            else self.gaussian_processes
        )

    def describe(self) -> str:
        """Return what the prediction consists of, as a sentence."""
        if self.weight == 1:
            have = "has" if self.members == 1 else "have"
            return (
                "The prediction is that of the Gaussian processes only (weight 1); "
                f"{self._networks_by_decoder} {have} none."
            )
        if self.weight > 0:
            return (
                f"The prediction combines {self._networks_by_decoder} and Gaussian processes "
                f"(weight {self.weight_text})."
            )
        why = {
            "combined": "Gaussian processes have the weight 0",
            "off": "Gaussian processes are switched off",
            "none": "there are no Gaussian processes",
        }[self.gaussian_processes]
        return f"The prediction is that of {self._networks_by_decoder}; {why}."

    def method_titles(self) -> dict[str, str]:
        """Return titles of the prediction and of its parts, by the name of the method."""
        networks = "Network only" if self.members == 1 else f"Networks only ({self.members})"
        if self.gaussian_processes == "combined":
            prediction = f"Surrogate (weight of Gaussian processes {self.weight_text})"
            processes = "Gaussian processes only"
        else:
            prediction = f"Surrogate (Gaussian processes: {self.weight_text})"
            processes = "Gaussian processes only (not used)"
        return {
            "prediction": prediction,
            "networks": networks,
            "gaussian_processes": processes,
        }
