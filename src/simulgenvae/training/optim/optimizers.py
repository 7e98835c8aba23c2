"""AdamW, or Muon for weight matrices together with AdamW for all else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import torch
from torch import Tensor, nn

from simulgenvae.training.node_shards import node_layers, part_like
from simulgenvae.training.optim.muon import Muon

ADAMW_SHARE = 0.2
"""Learning rate of AdamW beside Muon, as a share of Muon's: convolutions diverge at Muon's
(measured)."""


class Optimizers:
    """One or two optimisers that step together.

    Muon's updates have the size of AdamW's, so that one learning rate means the same for both.

    Parameters
    ----------
    modules
        Whose parameters are trained.
    kind
        ``muon`` or ``adamw``.
    weight_decay
        Decoupled weight decay of matrices and convolutions; biases and norms have none.
    """

    def __init__(
        self, modules: Iterable[nn.Module], kind: Literal["muon", "adamw"], weight_decay: float
    ) -> None:
        modules = list(modules)
        self.parameters = [p for module in modules for p in module.parameters() if p.requires_grad]
        nodes = {id(layer.weight) for module in modules for layer in node_layers(module)}
        matrices = [p for p in self.parameters if p.ndim == 2]
        filters = [p for p in self.parameters if p.ndim > 2 and id(p) not in nodes]
        vectors = [p for p in self.parameters if p.ndim < 2]
        muon = kind == "muon"
        others = filters if muon else filters + matrices
        # What ranks may have parts of is no company for what all have whole: AdamW updates a group
        # at once.
        between = [p for p in self.parameters if id(p) in nodes]
        groups: list[dict[str, Any]] = [{"params": each} for each in (vectors, others, between)]
        groups[0]["weight_decay"] = 0.0
        groups = [group for group in groups if group["params"]]
        self._members: list[tuple[torch.optim.Optimizer, float]] = []
        if groups:
            adamw = torch.optim.AdamW(groups, weight_decay=weight_decay, fused=True)
            self._members.append((adamw, ADAMW_SHARE if muon else 1.0))
        if muon:
            self._members.append((Muon(matrices, weight_decay), 1.0))

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for member, _ in self._members:
            member.zero_grad(set_to_none=True)

    def step(self, learning_rate: float, good: Tensor) -> None:
        """Update all parameters, or change nothing where ``good`` is false; a GPU is not asked
        which, but told."""
        on_cpu = good.device.type == "cpu"
        if on_cpu and not good:
            return
        for member, share in self._members:
            for group in member.param_groups:
                group["lr"] = learning_rate * share
            member.found_inf = None if on_cpu else 1.0 - good.float()  # type: ignore[attr-defined] # as GradScaler does
            member.step()

    def arrays(self) -> dict[str, Tensor]:
        """The whole state as named tensors, for a checkpoint."""
        return {
            f"{number}.{index}.{name}": value
            for number, (member, _) in enumerate(self._members)
            for index, state in member.state_dict()["state"].items()
            for name, value in state.items()
        }

    def load_arrays(self, arrays: dict[str, Tensor]) -> None:
        """Restore what :meth:`arrays` gave; KeyError, IndexError or ValueError for arrays of other
        parameters."""
        for number, (member, _) in enumerate(self._members):
            state: dict[int, dict[str, Tensor]] = {}
            for key, value in arrays.items():
                owner, index, name = key.split(".", 2)
                if int(owner) == number:
                    state.setdefault(int(index), {})[name] = value
            parameters = [p for group in member.param_groups for p in group["params"]]
            names = {key for entries in state.values() for key in entries}
            for place, entries in state.items():
                fit = all(
                    value.shape in {parameters[place].shape, torch.Size()}
                    for value in entries.values()
                )
                if entries.keys() != names or not fit:
                    raise ValueError(
                        f"the optimiser's state of parameter {place} is incomplete or of another "
                        "shape"
                    )
                state[place] = {
                    name: part_like(value, parameters[place]) for name, value in entries.items()
                }
            member.load_state_dict(
                {"state": state, "param_groups": member.state_dict()["param_groups"]}
            )
