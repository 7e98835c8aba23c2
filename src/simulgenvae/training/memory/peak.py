"""Largest memory of a computation, which may run on tensors that have only shapes."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class PeakMemory(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch leaves it untyped
    """Counter of the bytes of all tensors that are made inside a ``with`` block while they live.

    It works on real tensors and on tensors of ``FakeTensorMode``, which take no memory. Memory that
    operators need inside and give back is not counted.

    Parameters
    ----------
    excluded
        Module whose parameters and buffers are not counted.
    """

    def __init__(self, excluded: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live: int = 0
        """Bytes that live now."""
        self.peak: int = 0
        """Largest number of bytes that lived at the same time."""
        tensors = (*excluded.parameters(), *excluded.buffers())
        self._seen = {id(tensor.untyped_storage()) for tensor in tensors}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Return that nothing hides this mode from torch's compiler, which would load it.

        That takes a second; steps whose memory is counted are never compiled.
        """
        return False

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
        # Several tensors may view one storage, which counts once. It keeps its Python object, and
        # so its id, for as long as any tensor uses it.
        key = id(storage)
        size = storage.nbytes()
        if key not in self._seen:
            self._seen.add(key)
            self.live += size
            self.peak = max(self.peak, self.live)
            weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        # Another storage may get the same id later.
        self._seen.discard(key)
        self.live -= size
