"""`simulgenvae ingest`: arrays and a table of parameters into a study."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from simulgenvae.cli.common import add_path, add_settings, condition_files, positive
from simulgenvae.data.append import append_runs
from simulgenvae.data.ingest import Given, build_dataset
from simulgenvae.data.readers import Part
from simulgenvae.errors import UserError
from simulgenvae.settings import Study, load_settings

if TYPE_CHECKING:
    from simulgenvae.cli.common import Subparsers


def register(subparsers: Subparsers) -> None:
    """Arguments of the command."""
    parser = subparsers.add_parser("ingest", help="read fields and parameters into a study")
    parser.add_argument(
        "sources",
        type=Path,
        nargs="+",
        help="fields [N, T, M, V] (.npy .npz .h5 .zarr .pickle), or a folder with one run an entry, as solvers leave "
        "them: OpenFOAM cases, .vtu .vtk … for each timestep, .pvd, Exodus .exo, CalculiX .frd, NetCDF .nc",
    )
    solver = parser.add_argument_group("of a solver's own files")
    solver.add_argument("--fields", help="which fields, or components of them, separated by commas (default: all)")
    solver.add_argument("--start", type=float, help="first time to take")
    solver.add_argument("--end", type=float, help="last time to take")
    solver.add_argument("--every", type=positive, default=1, help="take every so many timesteps (default 1)")
    add_path(parser)
    parser.add_argument(
        "--params", type=Path, help="CSV with one row a run and an optional id column (default: data.parameters)"
    )
    parser.add_argument(
        "--images", type=Path, help="folder with one picture a run (.png .jpg), or CSV id,file (default: data.images)"
    )
    parser.add_argument("--coords", type=Path, help="node coordinates [M, 1..3]: .npy .csv .txt")
    parser.add_argument("--mesh", type=Path, help="mesh with coordinates and cells: .vtu .vtk .stl …")
    parser.add_argument("--times", type=Path, help="times [T]: .npy .csv .txt")
    parser.add_argument("--variables", help="names, separated by commas")
    parser.add_argument("--units", help="units, separated by commas")
    parser.add_argument("--split", type=Path, help="CSV with id,split (train, validation or test)")
    parser.add_argument("--study", type=Path, required=True, help="study folder; made when it does not exist")
    known = parser.add_mutually_exclusive_group()
    known.add_argument("--overwrite", action="store_true", help="replace the data that the study has")
    known.add_argument("--append", action="store_true", help="add the runs to those that the study has")
    add_settings(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, console: Console) -> None:
    """Store the data and their split; whatever is wrong, nothing is kept."""
    study = Study(options.study)
    if options.append and options.split is not None:
        raise UserError("--split is of no use with --append: runs keep their part of the split; edit its file instead.")
    if study.split_file.exists() and not (options.overwrite or options.append):
        raise UserError(f"{study.split_file} exists: use --overwrite to replace the study's data and split.")
    settings = load_settings(study, preset=options.preset, overrides=options.overrides)
    files = condition_files(study, settings)
    given = Given(
        params=options.params or files.table,
        images=options.images or files.images,
        coords=options.coords,
        mesh=options.mesh,
        times=options.times,
        variables=_names(options.variables),
        units=_names(options.units),
        part=_part(options),
    )
    if options.append:
        dataset, notes = append_runs(
            options.sources, study.dataset, given, settings=settings.data, split_file=study.split_file
        )
    else:
        dataset, notes = build_dataset(
            options.sources,
            study.dataset,
            **given._asdict(),
            settings=settings.data,
            split=options.split,
            split_target=study.split_file,
            overwrite=options.overwrite,
        )
    for note in notes:
        console.print(f"note: {note}", soft_wrap=True)
    runs, times, nodes, variables = dataset.shape
    console.print(
        f"{study.dataset}: {runs} runs, {times} timesteps, {nodes} nodes, {variables} variables", soft_wrap=True
    )
    console.print(f"Next: simulgenvae check {study.folder}", soft_wrap=True)


def _part(options: argparse.Namespace) -> Part | None:
    part = Part(_names(options.fields), options.start, options.end, options.every, options.path, options.axes)
    return None if part == Part() else part


def _names(given: str | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(name.strip() for name in given.split(","))
