"""Files of a dataset that is read for hours, while others can change them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zarr.storage import LocalStore

if TYPE_CHECKING:
    from pathlib import Path

    from zarr.abc.buffer import Buffer, BufferPrototype
    from zarr.abc.store import ByteRequest


class DatasetFiles(LocalStore):
    """Store of the fields of one dataset; no chunk is missing or of another dataset.

    Zarr takes a missing chunk for one of zeros, and reads a dataset that has replaced the opened
    one as if it were that.
    """

    def __init__(self, root: Path | str, *, read_only: bool = False) -> None:
        super().__init__(root, read_only=read_only)
        self._opened = self._identity()

    def _identity(self) -> tuple[int, int]:
        """Return what tells the present dataset from a later one at the same place."""
        state = (self.root.parent / "zarr.json").stat()
        return state.st_ino, state.st_mtime_ns

    async def get(
        self,
        key: str,
        prototype: BufferPrototype | None = None,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """Return the content of a file.

        Raises
        ------
        OSError
            When a chunk is missing, or the dataset has been replaced since it was opened.
        """
        content = await self.read(key, prototype, byte_range)
        # Afterwards: what was read before a replacement is of the opened dataset.
        if not self._unchanged():
            raise OSError(
                f"{self.root.parent} has been replaced or removed since it was opened; start again"
            )
        if content is None and key.startswith("c/"):
            raise OSError(f"{self.root / key} is missing; restore it from a copy, or ingest again")
        return content

    async def read(
        self, key: str, prototype: BufferPrototype | None, byte_range: ByteRequest | None
    ) -> Buffer | None:
        """Return the content of a file; None where it is missing."""
        return await super().get(key, prototype, byte_range)

    def _unchanged(self) -> bool:
        try:
            return self._identity() == self._opened
        except OSError:
            return False
