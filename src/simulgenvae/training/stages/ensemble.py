"""Stages of an ensemble: the networks, their refits, and the encoder of the best one.

Tested in tests/training/stages/test_ensemble.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from simulgenvae.training.stages.encoder import EncoderStage
from simulgenvae.training.stages.end_to_end import EndToEndStage
from simulgenvae.training.stages.refit import RefitStage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulgenvae.models.networks import Networks
    from simulgenvae.training.stages.base import Stage


def ensemble_stages(members: Sequence[Stage], *, refits: bool) -> list[Stage]:
    """Return all stages of an ensemble, in their order.

    Networks that continue with trained ones have an encoder, and nothing is added. Of those that
    learn from new weights, the best one gets an encoder in the end.

    Parameters
    ----------
    members
        Stages that train the networks.
    refits
        Whether each of them is followed by its refit.
    """
    found: list[Stage] = []
    last: dict[EndToEndStage, EndToEndStage] = {}
    for stage in members:
        found.append(stage)
        if not isinstance(stage, EndToEndStage) or stage.fine_tunes:
            continue
        last[stage] = stage
        if refits:
            last[stage] = RefitStage(stage)
            found.append(last[stage])
    if last:
        first = next(iter(last))
        candidates = [stage for stage in last if stage.networks is not first.networks]
        found.append(EncoderStage({stage: last[stage] for stage in (first, *candidates)}))
    return found


@dataclass(frozen=True)
class EnsembleNetworks:
    """Networks that the stages of an ensemble ended with, the one with an encoder first."""

    members: tuple[Networks, ...]
    """Networks that the validation runs judge."""
    refitted: tuple[Networks, ...]
    """Networks of ``members`` after their refits; empty where there were none."""

    @classmethod
    def of(cls, stages: Sequence[Stage], networks: Sequence[Networks]) -> Self:
        """Return the networks of the stages of :func:`ensemble_stages`.

        Parameters
        ----------
        stages
            The stages, in their order.
        networks
            What each of them ended with.
        """
        members: list[Networks] = []
        refitted: list[Networks] = []
        for stage, ended in zip(stages, networks, strict=True):
            if isinstance(stage, EncoderStage):
                first = stage.chosen.member - 1
                # The networks with the encoder are those whose weights the stage started with.
                (refitted or members)[first] = ended
                for found in filter(None, (members, refitted)):
                    found.insert(0, found.pop(first))
            elif isinstance(stage, RefitStage):
                refitted.append(ended)
            else:
                members.append(ended)
        return cls(tuple(members), tuple(refitted))
