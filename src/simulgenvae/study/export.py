"""Write the surrogate of a study as one file for other runtimes.

Tested in tests/cli/test_commands.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulgenvae.study.page import Paging

if TYPE_CHECKING:
    from pathlib import Path


class Exporting(Paging):
    """A study whose surrogate can be exported."""

    def export(self, out: Path, *, overwrite: bool = False) -> float:
        """Write the surrogate as a program, or as a page, that runs without this package.

        Parameters
        ----------
        out
            File to write: ``.onnx``, ``.pt2`` for ``torch.export``, or ``.html`` for a page in
            which inputs are moved and the field is seen.
        overwrite
            Whether an existing file is replaced.

        Returns
        -------
        float
            Largest difference between the file's predictions and the surrogate's on random
            designs, relative to the range of each variable.

        Raises
        ------
        UserError
            A file that cannot be written, or a program whose predictions differ too much.

        Examples
        --------
        >>> from pathlib import Path
        >>> from simulgenvae import Study
        >>> Study.open("S").export(Path("model.pt2")) < 1e-3  # doctest: +SKIP
        True
        """
        if out.suffix == ".html":
            return self._write_page(out, overwrite=overwrite)
        from simulgenvae.deployment import check_model_target, write_model

        check_model_target(out, overwrite=overwrite)
        surrogate = self.load_surrogate()
        return write_model(surrogate, out, overwrite=overwrite)

    def _write_page(self, out: Path, *, overwrite: bool) -> float:
        from simulgenvae.export.target import require_free
        from simulgenvae.utils.atomic import atomic_write

        require_free(out, overwrite=overwrite)
        page = self.page()
        with atomic_write(out) as temporary:
            temporary.write_bytes(page.html)
        return page.difference
