"""Files of a data set that is larger than memory, read past the system's cache of files.

A pass over such a data set reads each file once, and throws its copy in the cache away before the
next pass comes to it. Making room for these copies took twice the processor time of everything else
that is computed with the fields.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from zarr.abc.buffer import Buffer, BufferPrototype
from zarr.abc.store import ByteRequest
from zarr.buffer import default_buffer_prototype
from zarr.storage import LocalStore

_ALIGNMENT = 4096
"""Of memory, places and lengths of direct reads; disks ask for this or less."""


class DirectStore(LocalStore):
    """A store that reads whole files directly where the system and the file system can do that."""

    async def get(
        self,
        key: str,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        if byte_range is None and hasattr(os, "O_DIRECT"):
            try:
                content = await asyncio.to_thread(read_direct, self.root / key)
            except (
                OSError
            ):  # not there, or on a file system that has no such reads: as any other file
                return await super().get(key, prototype)
            return (prototype or default_buffer_prototype()).buffer.from_array_like(content)
        return await super().get(key, prototype, byte_range)


def read_direct(path: Path) -> NDArray[np.uint8]:
    """The content of a file; OSError where it cannot be read directly."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECT)
    try:
        size = os.fstat(descriptor).st_size
        blocks = -(-size // _ALIGNMENT)
        memory = np.empty((blocks + 1) * _ALIGNMENT, np.uint8)
        start = -memory.ctypes.data % _ALIGNMENT
        target, done = memory[start : start + blocks * _ALIGNMENT], 0
        while done < size and (read := os.preadv(descriptor, [target[done:].data], done)):
            done += read
        return target[:done]
    finally:
        os.close(descriptor)
