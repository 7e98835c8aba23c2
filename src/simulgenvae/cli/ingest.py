"""`simulgenvae ingest`: arrays and a table of parameters into a study."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from simulgenvae.cli.common import add_path, add_settings, condition_files, positive
from simulgenvae.data.csv_table import number
from simulgenvae.data.ingest.append import append_runs
from simulgenvae.data.ingest.build import build_dataset
from simulgenvae.data.ingest.coordinates import read_node_numbers, read_times
from simulgenvae.data.ingest.options import IngestOptions
from simulgenvae.data.readers import RunPart, readable_formats
from simulgenvae.errors import UserError
from simulgenvae.settings import StudyFolder, load_settings

if TYPE_CHECKING:
    from simulgenvae.cli.common import Subparsers


def register(subparsers: Subparsers) -> None:
    """Arguments of the command."""
    parser = subparsers.add_parser("ingest", help="read fields and parameters into a study")
    parser.add_argument(
        "sources",
        type=Path,
        nargs="+",
        help=f"fields [N, T, M, V] as {readable_formats()}",
    )
    solver = parser.add_argument_group("of a solver's own files")
    solver.add_argument(
        "--fields", help="which fields, or components of them, separated by commas (default: all)"
    )
    solver.add_argument("--start", type=float, help="first time to take")
    solver.add_argument("--end", type=float, help="last time to take")
    solver.add_argument(
        "--every", type=positive, default=1, help="take every so many timesteps (default 1)"
    )
    solver.add_argument(
        "--resample", help="so many times of equal distance, or a file of times: linear in between"
    )
    solver.add_argument(
        "--box", help="nodes in xmin,xmax,ymin,ymax,zmin,zmax (as far as given; write --box=-1,1)"
    )
    solver.add_argument(
        "--nodes", type=Path, help="numbers of nodes to take, counted from 0: .npy .csv .txt"
    )
    solver.add_argument(
        "--interpolate", action="store_true", help="bring runs on other meshes onto that of one"
    )
    solver.add_argument(
        "--reference", help="run whose times, fields and mesh all have (default: one like most)"
    )
    add_path(parser)
    parser.add_argument(
        "--params",
        type=Path,
        help="CSV with one row a run and an optional id column (default: data.parameters)",
    )
    parser.add_argument(
        "--images",
        type=Path,
        help="folder with one picture a run (.png .jpg), or CSV id,file (default: data.images)",
    )
    parser.add_argument("--coords", type=Path, help="node coordinates [M, 1..3]: .npy .csv .txt")
    parser.add_argument(
        "--mesh", type=Path, help="mesh with coordinates and cells: .vtu .vtk .stl …"
    )
    parser.add_argument("--times", type=Path, help="times [T]: .npy .csv .txt")
    parser.add_argument("--variables", help="names, separated by commas")
    parser.add_argument("--units", help="units, separated by commas")
    parser.add_argument("--split", type=Path, help="CSV with id,split (train, validation or test)")
    parser.add_argument(
        "--study", type=Path, required=True, help="study folder; made when it does not exist"
    )
    parser.add_argument(
        "--skip-bad", action="store_true", help="leave out runs that are of no use, and record that"
    )
    known = parser.add_mutually_exclusive_group()
    known.add_argument(
        "--overwrite", action="store_true", help="replace the data that the study has"
    )
    known.add_argument(
        "--append", action="store_true", help="add the runs to those that the study has"
    )
    add_settings(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> None:
    """Store the data and their split; whatever is wrong, nothing is kept."""
    study = StudyFolder(options.study)
    if options.append and options.split is not None:
        raise UserError(
            "--split is of no use with --append: runs keep their part of the split; edit its "
            "file instead."
        )
    if study.split_file.exists() and not (options.overwrite or options.append):
        raise UserError(
            f"{study.split_file} exists: use --overwrite to replace the study's data and split."
        )
    settings = load_settings(study, preset=options.preset, overrides=options.overrides)
    files = condition_files(study, settings)
    given = IngestOptions(
        params=options.params or files.table,
        images=options.images or files.images,
        coords=options.coords,
        mesh=options.mesh,
        times=options.times,
        variables=_names(options.variables),
        units=_names(options.units),
        selection=_part(options),
        split=options.split,
        skip_bad=options.skip_bad,
        if_exists="append" if options.append else "replace" if options.overwrite else "fail",
    )
    if options.append:
        dataset, notes = append_runs(
            options.sources,
            study.dataset,
            given,
            settings=settings.data,
            split_file=study.split_file,
        )
    else:
        dataset, notes = build_dataset(
            options.sources,
            study.dataset,
            given,
            settings=settings.data,
            split_target=study.split_file,
        )
    for note in notes:
        console.print(f"note: {note}", soft_wrap=True)
    runs, times, nodes, variables = dataset.shape
    console.print(
        f"{study.dataset}: {runs} runs, {times} timesteps, {nodes} nodes, {variables} variables",
        soft_wrap=True,
    )
    console.print(f"Next: simulgenvae check {study.folder}", soft_wrap=True)


def _part(options: argparse.Namespace) -> RunPart | None:
    if options.resample is not None and options.every != 1:
        raise UserError("--every takes timesteps, and --resample makes its own: give one of them.")
    part = RunPart(
        fields=_names(options.fields),
        start=options.start,
        end=options.end,
        every=options.every,
        resample=None if options.resample is None else _resample(options.resample),
        box=None if options.box is None else _box(options.box),
        nodes=None if options.nodes is None else tuple(read_node_numbers(options.nodes).tolist()),
        reference=options.reference,
        interpolate=options.interpolate,
        path=options.path,
        axes=options.axes,
    )
    return None if part == RunPart() else part


def _resample(given: str) -> int | tuple[float, ...]:
    if given.isdecimal() and int(given) > 0:
        return int(given)
    return tuple(read_times(Path(given)).tolist())


def _box(given: str) -> tuple[float, ...]:
    limits = [number(part.strip()) for part in given.split(",")]
    box = tuple(limit for limit in limits if limit is not None)
    whole = len(box) == len(limits) and len(box) in {2, 4, 6}
    if not whole or any(low > high for low, high in zip(box[::2], box[1::2], strict=True)):
        raise UserError(
            f"--box is {given!r}: give xmin,xmax, and as needed ymin,ymax and zmin,zmax."
        )
    return box


def _names(given: str | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(name.strip() for name in given.split(","))
