"""From files of solver results and parameters to a stored dataset, run by run, all or nothing."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from simulgenvae.data.dataset import Dataset
from simulgenvae.data.ingest.bad_runs import RunJudge
from simulgenvae.data.ingest.sources import describe_sources, open_sources
from simulgenvae.data.ingest.stored_runs import read_runs
from simulgenvae.data.precision import Precision
from simulgenvae.data.split import make_split, split_replaced
from simulgenvae.data.store.write import check_target, write_store
from simulgenvae.errors import UserError
from simulgenvae.settings import DataSettings
from simulgenvae.utils.atomic import ensure_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from simulgenvae.data.conditions import Conditions
    from simulgenvae.data.ingest.options import IngestOptions
    from simulgenvae.data.metadata import Metadata
    from simulgenvae.data.readers import Source
    from simulgenvae.data.readers.array_layout import ArrayLayout


def build_dataset(
    sources: Sequence[Path],
    target: Path,
    options: IngestOptions,
    *,
    settings: DataSettings | None = None,
    split_target: Path | None = None,
    accept: Callable[[Conditions], None] | None = None,
) -> tuple[Dataset, list[str]]:
    """Read fields and conditions, store them as a dataset, and return it and notes for the user.

    Parameters
    ----------
    sources
        Files or Zarr folders with fields, or folders with a solver's own files, one after another
        along the runs.
    target
        Folder of the dataset.
    options
        Files that belong to the fields, and the user's choices.
    settings
        Dimensions to expect, and the timesteps and nodes to use.
    split_target
        File in the folder of ``target`` that becomes a copy of ``options.split`` together with the
        data; where no split is given, it is removed.
    accept
        Function that raises UserError for conditions that nothing could be trained on; called
        before fields are read.

    Raises
    ------
    UserError
        Naming file, run or key, with nothing written, for anything that is wrong or does not agree.
    """
    settings = settings or DataSettings()
    overwrite = options.if_exists == "replace"
    check_target(target, overwrite=overwrite)
    with ExitStack() as stack:
        opened = open_sources(sources, stack, options.selection, options.coords)
        layout, metadata, notes = describe_sources(opened, options, settings)
        if layout.runs < 2:
            raise UserError(
                f"{sources[0]}: only one run: a surrogate learns from the differences between "
                "several"
            )
        judge = RunJudge(opened, metadata.ids, skip_bad=options.skip_bad)
        # Made although it may not be written: a split that is impossible shall be found before the
        # fields are read, which can take hours.
        split = make_split(metadata.ids, settings, options.split)
        if accept is not None:
            accept(metadata.conditions)
        if split_target is not None:
            # The split is written next to the data and before them, so its folder must exist.
            stack.enter_context(ensure_folder(target.parent))
            judge.on_left_out = stack.enter_context(
                split_replaced(split_target, None if options.split is None else split)
            )
        _store(opened, layout, metadata, target, judge, options)
    dataset = Dataset.open(target)
    return dataset, [*notes, *dataset.remarks]


class _OffsetsNeededError(Exception):
    """End of a pass over the runs that shows what float32 would lose of them."""

    def __init__(self, offsets: NDArray[np.float64]) -> None:
        super().__init__(offsets)
        self.offsets = offsets


def _store(
    opened: Sequence[Source],
    layout: ArrayLayout,
    metadata: Metadata,
    target: Path,
    judge: RunJudge,
    options: IngestOptions,
) -> None:
    """Read and write all runs, and once more where a variable needs an offset.

    Whether one does shows only when all runs are read, and few data need it.
    """
    precision = Precision()

    def decide(bad: Mapping[str, str]) -> Sequence[str]:
        refused = bad and not options.skip_bad
        offsets = None if metadata.offsets is not None or refused else precision.offsets()
        if offsets is not None:
            raise _OffsetsNeededError(offsets)
        return [*precision.remarks(metadata.variables, metadata.offsets), *judge(bad)]

    runs = read_runs(opened, layout, metadata, precision)
    try:
        overwrite = options.if_exists == "replace"
        write_store(target, metadata, runs, overwrite=overwrite, judge=decide)
    except _OffsetsNeededError as needed:
        # With offsets given, the second pass cannot ask for others: it is the last one.
        with_offsets = replace(metadata, offsets=needed.offsets)
        _store(opened, layout, with_offsets, target, judge, options)


def ingest_classic(
    pickle: Path,
    target: Path,
    options: IngestOptions,
    *,
    settings: DataSettings,
    accept: Callable[[Conditions], None] | None = None,
) -> tuple[Dataset, list[str]]:
    """Replace the dataset of a classic study by its ``dataset<k>.pickle`` and conditions.

    Works as :func:`build_dataset`; ``options`` name the CSV file (or folder of them), the images,
    or both. The number of variables of fields `[N, T, M·V]` comes from ``settings`` (``num_var``).
    """
    if not pickle.is_file():
        raise UserError(
            f"{pickle}: no such file: put the data there, or choose another preset (--preset)"
        )
    for path, what in (
        (options.params, "the CSV with the parameters"),
        (options.images, "the images"),
    ):
        if path is not None and not path.exists():
            raise UserError(f"{path}: no such file or folder: put {what} there (param_dir)")
    options = replace(options, if_exists="replace")
    return build_dataset([pickle], target, options, settings=settings, accept=accept)
