"""AdamW for all parameters, or Muon for weight matrices and AdamW for the others."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from simulgenvae.training.node_shards import node_layers, part_like
from simulgenvae.training.optim.eager import EagerAdamW
from simulgenvae.training.optim.muon import Muon

if TYPE_CHECKING:
    from collections.abc import Iterable

ADAMW_RATE_FACTOR = 0.2
"""Learning rate of AdamW relative to Muon's, where both are used: convolutions diverge at Muon's
(measured)."""


class Optimizers:
    """One or two optimisers that step together.

    Muon's updates have the size of AdamW's, so that one learning rate means the same for both.

    Parameters
    ----------
    modules
        Modules whose parameters are trained.
    kind
        ``muon`` or ``adamw``.
    weight_decay
        Decoupled weight decay of matrices and convolutions; biases and norms have none.
    """

    def __init__(
        self, modules: Iterable[nn.Module], kind: Literal["muon", "adamw"], weight_decay: float
    ) -> None:
        modules = list(modules)
        parameters = itertools.chain.from_iterable(module.parameters() for module in modules)
        self.parameters = [p for p in parameters if p.requires_grad]
        layers = itertools.chain.from_iterable(map(node_layers, modules))
        nodes = {id(layer.weight) for layer in layers}
        matrices = [p for p in self.parameters if p.ndim == 2]
        filters = [p for p in self.parameters if p.ndim > 2 and id(p) not in nodes]
        vectors = [p for p in self.parameters if p.ndim < 2]
        # Ranks may hold parts of these. AdamW updates a group in one call, which does not take
        # whole tensors and parts together.
        node_sized = [p for p in self.parameters if id(p) in nodes]
        muon = kind == "muon"
        others = filters if muon else filters + matrices
        groups: list[dict[str, Any]] = [
            {"params": vectors, "weight_decay": 0.0},
            {"params": others},
            {"params": node_sized},
        ]
        groups = [group for group in groups if group["params"]]
        self._members: list[tuple[torch.optim.Optimizer, float]] = []
        """Each optimiser, and its learning rate relative to that of the settings."""
        if groups:
            adamw = EagerAdamW(groups, weight_decay=weight_decay, fused=True)
            self._members.append((adamw, ADAMW_RATE_FACTOR if muon else 1.0))
        if muon:
            self._members.append((Muon(matrices, weight_decay), 1.0))

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for optimizer, _ in self._members:
            optimizer.zero_grad(set_to_none=True)

    def step(self, learning_rate: float, good: Tensor) -> None:
        """Update all parameters, or none.

        Parameters
        ----------
        learning_rate
            Learning rate of this step.
        good
            Scalar that says whether the gradients count. On a GPU it is not read, which would make
            the program wait; the update is computed and multiplied by 0 instead.
        """
        on_cpu = good.device.type == "cpu"
        if on_cpu and not good:
            return
        for optimizer, factor in self._members:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * factor
            # Both torch's fused AdamW and Muon leave weights unchanged where this is 1.
            optimizer.found_inf = None if on_cpu else 1.0 - good.float()  # type: ignore[attr-defined] # as GradScaler does
            optimizer.step()

    def arrays(self) -> dict[str, Tensor]:
        """Return the whole state as named tensors, for a checkpoint."""
        found: dict[str, Tensor] = {}
        for number, (optimizer, _) in enumerate(self._members):
            # torch numbers the parameters of an optimiser, and knows no names of them.
            for index, state in optimizer.state_dict()["state"].items():
                found |= {f"{number}.{index}.{name}": value for name, value in state.items()}
        return found

    def load_arrays(self, arrays: dict[str, Tensor]) -> None:
        """Restore the state that :meth:`arrays` returned.

        Raises
        ------
        KeyError, IndexError, ValueError
            When the arrays belong to other parameters.
        """
        for number, (optimizer, _) in enumerate(self._members):
            state: dict[int, dict[str, Tensor]] = {}
            for key, value in arrays.items():
                owner, index, name = key.split(".", 2)
                if int(owner) == number:
                    state.setdefault(int(index), {})[name] = value
            parameters: list[Tensor] = []
            for group in optimizer.param_groups:
                parameters += group["params"]
            state = _checked(state, parameters)
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": state, "param_groups": groups})


def _checked(
    state: dict[int, dict[str, Tensor]], parameters: list[Tensor]
) -> dict[int, dict[str, Tensor]]:
    """Return the state of each parameter, or this rank's part of it, after checking its shape."""
    names = set(itertools.chain.from_iterable(state.values()))
    checked = {}
    for index, entries in state.items():
        parameter = parameters[index]
        # Moments have the shape of the parameter; counts of steps are scalars.
        shapes = {parameter.shape, torch.Size()}
        fits = all(value.shape in shapes for value in entries.values())
        if entries.keys() != names or not fits:
            raise ValueError(
                f"the optimiser's state of parameter {index} is incomplete or of another shape"
            )
        checked[index] = {name: part_like(value, parameter) for name, value in entries.items()}
    return checked
