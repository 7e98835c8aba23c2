"""How much memory a computation takes at most, found on tensors that have shapes alone."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class PeakMemory(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch leaves it untyped
    """Counts the bytes of all tensors made inside a ``with`` block while they live; the most ever
    is ``peak``.

    It works on real tensors and on those of ``FakeTensorMode``, which take no memory themselves.
    What operators need inside and give back is not seen. Parameters and buffers of ``known`` are
    left out.
    """

    def __init__(self, known: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live: int = 0
        self.peak: int = 0
        self._known = {
            id(tensor.untyped_storage()) for tensor in (*known.parameters(), *known.buffers())
        }

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, Tensor):
                self._count(leaf.untyped_storage())
        return out

    def _count(self, storage: torch.UntypedStorage) -> None:
        # A storage keeps its Python object, and so its id, for as long as any tensor uses it.
        key, size = id(storage), storage.nbytes()
        if key not in self._known:
            self._known.add(key)
            self.live += size
            self.peak = max(self.peak, self.live)
            weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.live -= size
