"""Wrong use from Python is a UserError that says what is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pytest
import xarray as xr

import simulgenvae
from simulgenvae import Conditions, Model, UserError

api: Any = simulgenvae
"""The package without types, which would find most of these mistakes."""
ONE = {"row": 0.05, "speed": 0.006}
FIELDS = np.zeros((14, 8, 30))


@pytest.fixture(scope="module")
def m(board: Path) -> Model:
    return simulgenvae.load(board)


def given(**values: Any) -> dict[str, Any]:
    return ONE | values


def frame(**values: Any) -> pd.DataFrame:
    return pd.DataFrame({"row": [0.05, 0.06], "speed": [0.006, 0.007]} | values)


WRONG: dict[str, tuple[Callable[[Any], object], str]] = {
    # names
    "nothing": (lambda m: m.predict(), "the parameters are row, speed; designs are taken as"),
    "an unknown option": (lambda m: m.predict(ONE, sample=2), "there is no option 'sample' of"),
    "a missing name": (lambda m: m.predict(row=0.05), "'speed' is missing: the parameters are"),
    "a misspelt name": (lambda m: m.predict(row=0.05, sped=1), "'sped' .did you mean 'speed'"),
    "another case": (lambda m: m.predict(Row=0.05, speed=1), "did you mean 'row'"),
    "an unknown name": (
        lambda m: m.predict(given(width=1)),
        "no parameter 'width': the parameters",
    ),
    "a misspelt option": (lambda m: m.predict(**given(time=[0.5])), "no parameter 'time'"),
    "both forms": (
        lambda m: m.predict(ONE, row=0.05),
        "as an object and as keywords .row.: give one",
    ),
    "names that are numbers": (lambda m: m.predict({0: 1, 1: 2}), "0 is of type int: designs are"),
    "a name twice": (
        lambda m: m.predict(pd.DataFrame([[1, 2, 3]], columns=["row", "row", "speed"])),
        "'row' is given twice: give every parameter once",
    ),
    "a table without names": (lambda m: m.predict(pd.DataFrame(np.ones((2, 2)))), "have names"),
    "an empty dict": (lambda m: m.predict({}), "no parameters are given|missing"),
    "different dicts": (lambda m: m.predict([ONE, {"row": 1}]), "design 1 has no 'speed'"),
    "further names in a dict": (lambda m: m.predict([ONE, given(a=1)]), "design 1 has 'a' too"),
    "other conditions": (
        lambda m: m.predict(Conditions(("a",), ("row",), np.ones((1, 1)))),
        "was trained with row, speed",
    ),
    # values
    "a text": (lambda m: m.predict(given(row="0.05")), "'row' of design 0 is the text '0.05'"),
    "NaN": (lambda m: m.predict(given(row=np.nan)), "'row' of design 0 is nan: give a finite"),
    "infinity": (lambda m: m.predict(given(row=[1, np.inf])), "design 1 is inf: give a finite"),
    "None": (lambda m: m.predict(given(row=None)), "missing: give a finite number"),
    "NA of pandas": (
        lambda m: m.predict(frame(row=pd.array([1, None], dtype="Int64"))),
        "'row' of design 1 is (missing|nan): give a finite number",
    ),
    "a truth value": (lambda m: m.predict(given(row=True)), "True, a truth value: give a number"),
    "truth values": (lambda m: m.predict(frame(row=[True, False])), "a truth value: give a number"),
    "a complex number": (lambda m: m.predict(given(row=1j)), "of type complex: give a number"),
    "a date": (lambda m: m.predict(frame(row=pd.to_datetime(["2020", "2021"]))), "give a number"),
    "a huge number": (lambda m: m.predict(given(row=10**400)), "too large: give a finite number"),
    "a dict in a dict": (lambda m: m.predict(given(row={"a": 1})), "give a number|one for each"),
    "a function": (
        lambda m: m.predict(given(row=min)),
        "builtin_function_or_method: give a number",
    ),
    "an object column": (lambda m: m.predict(frame(row=["a", 1])), "the text 'a': give a number"),
    # shapes
    "lengths": (lambda m: m.predict(row=[1, 2], speed=[1, 2, 3]), "'row' 2, 'speed' 3.: give one"),
    "an empty list": (lambda m: m.predict([]), "list is empty: designs are taken as"),
    "empty columns": (lambda m: m.predict(row=[], speed=[]), "no design: designs are taken as"),
    "an empty frame": (lambda m: m.predict(frame().head(0)), "no design: designs are taken as"),
    "a table in a dict": (lambda m: m.predict(given(row=np.ones((2, 2)))), "one for each design"),
    "a sequence in rows": (lambda m: m.predict([given(row=[1, 2])]), "single values of one design"),
    "too few columns": (
        lambda m: m.predict(np.ones((3, 1))),
        r"taken as \[n, 2\] or \[2\], in the",
    ),
    "too many values": (lambda m: m.predict([1, 2, 3]), r"\(3,\), but is taken as \[n, 2\]"),
    "three dimensions": (lambda m: m.predict(np.ones((1, 1, 2))), r"taken as \[n, 2\] or \[2\]"),
    "a number": (lambda m: m.predict(np.float64(1.0)), r"shape \(\), but is taken as \[n, 2\]"),
    "ragged rows": (lambda m: m.predict([[1, 2], [1]]), "rows of the list have different lengths"),
    "a grid of xarray": (
        lambda m: m.predict(xr.Dataset({"row": ("a", [1.0]), "speed": ("b", [1.0])})),
        "dimensions a, b: give one for the designs",
    ),
    # types
    "an int": (lambda m: m.predict(5), "type int is no design: designs are taken as"),
    "a set": (lambda m: m.predict({1, 2}), "type set is no design: designs are taken as"),
    "bytes": (lambda m: m.predict(b"new.csv"), "type bytes is no design: designs are taken as"),
    "a generator": (lambda m: m.predict(iter([ONE])), "is no design: designs are taken as"),
    "a DataArray": (lambda m: m.predict(xr.DataArray([1.0, 2.0])), "no names of parameters"),
    "a model": (lambda m: m.predict(m), "type Model is no design: designs are taken as"),
    "rows of two kinds": (
        lambda m: m.predict([ONE, [1, 2]]),
        "design 1 is of type list, but others",
    ),
    # paths
    "no such table": (lambda m: m.predict("new.csv"), "new.csv: no such file"),
    "a folder": (lambda m: m.predict(Path("/tmp")), "/tmp: not a file"),
    "images": (lambda m: m.predict(ONE, images="a.png"), "with parameters only: leave the images"),
    "no such study": (
        lambda m: api.load("nowhere"),
        "no such folder; give the folder of a",
    ),
    "a study that is a number": (lambda m: api.load(5), "give the path of its folder"),
    "a study that is None": (lambda m: api.Study.open(None), "give the path of its folder"),
    "a file for a study": (lambda m: api.load(__file__), "a file; give the folder"),
    # options
    "a time outside": (
        lambda m: m.predict(ONE, times=[9]),
        "trained span 0 to 0.875: choose times",
    ),
    "times in words": (
        lambda m: m.predict(ONE, times="all"),
        "'all': give a number, or a sequence",
    ),
    "ragged times": (lambda m: m.predict(ONE, times=[[1], [1, 2]]), "give a sequence of numbers"),
    "no times": (lambda m: m.predict(ONE, times=[]), "give one at least"),
    "a node too many": (lambda m: m.predict(ONE, nodes=[30]), "numbered from 0 to 29"),
    "a node in words": (lambda m: m.predict(ONE, nodes=["a"]), "whole numbers, counted from 0"),
    "half a node": (lambda m: m.predict(ONE, nodes=[0.5]), "whole numbers, counted from 0"),
    "an unknown variable": (lambda m: m.predict(ONE, variables="T"), "fields have temperature"),
    "variables by number": (lambda m: m.predict(ONE, variables=[0]), "a name, or a list of names"),
    "variables as one number": (
        lambda m: m.predict(ONE, variables=0),
        "a name, or a list of names",
    ),
    "one sample": (lambda m: m.predict(ONE, samples=1), "at least 2 samples"),
    "half a sample": (lambda m: m.predict(ONE, samples=2.5), "samples is 2.5: give a whole number"),
    "samples on": (lambda m: m.predict(ONE, samples=True), "samples is True: give a whole number"),
    "a seed below 0": (lambda m: m.predict(ONE, seed=-1), "seed is -1: give a whole number from 0"),
    # other methods
    "fields of another shape": (
        lambda m: m.score(ONE, FIELDS),
        r"taken as numbers \(1, 8, 30, 1\)",
    ),
    "fields as texts": (lambda m: m.score(ONE, "fields"), "taken as numbers"),
    "fields with NaN": (lambda m: m.score(ONE, FIELDS[:1] * np.nan), "not finite at nodes"),
    "a quantity without a name": (
        lambda m: m.quantities(ONE, "max(temperature)"),
        "'max.temperature.': give texts by name",
    ),
    "quantities in a list": (
        lambda m: m.evaluate(quantities=["max(temperature)"]),
        "give texts by name",
    ),
    "a quantity of nothing": (lambda m: m.quantities(ONE, {"peak": "max(T)"}), "quantity 'peak': "),
    "no quantities": (lambda m: m.quantities(ONE), "no quantity to predict: name one"),
    "quantities of no design": (
        lambda m: m.quantities(None, {"peak": "max(temperature)"}),
        "no parameters are given",
    ),
    "no such design": (
        lambda m: m.predict(ONE).simulgenvae.to_pyvista("b", 0.5),
        r"no design 'b': give an id \('0'\) or a position from 0",
    ),
    "a time that is not there": (
        lambda m: m.predict(ONE).simulgenvae.to_pyvista(0, 0.3),
        r"no time 0.3: give one of .* predict with times=\[0.3\]",
    ),
    "no time": (lambda m: m.predict(ONE).simulgenvae.to_pyvista(), "no time is given: give one of"),
    "a time in words": (
        lambda m: m.predict(ONE).simulgenvae.to_pyvista(time="last"),
        "time is 'last': give one of",
    ),
    "no nodes left": (
        lambda m: m.predict(ONE).max("node").simulgenvae.to_pyvista(time=0.5),
        "give a prediction of whole fields",
    ),
    "some nodes left": (
        lambda m: m.predict(ONE).isel(node=slice(3)).simulgenvae.to_pyvista(time=0.5),
        "choose nodes with predict",
    ),
    "a mesh of an array": (
        lambda m: api.to_pyvista(FIELDS),
        "give the Dataset that predict",
    ),
    "a figure without a name": (
        lambda m: m.render(5),
        "out is of type int: give the path of a file",
    ),
    "a figure with an option": (
        lambda m: m.render("a.png", colour=1),
        "the options are run, params",
    ),
    "an unknown format": (lambda m: m.export("model.h5"), ".onnx"),
    "no suggestion": (lambda m: m.suggest(0), "count is 0: give a whole number from 1"),
    "suggestions in words": (lambda m: m.suggest("ten"), "count is 'ten': give a whole number"),
    "suggestions by a number": (
        lambda m: m.suggest(quantities=5),
        "quantities are 5: give texts by name, .* or a list of names",
    ),
    "suggestions by an unknown quantity": (
        lambda m: m.suggest(quantities="peak"),
        "no quantity 'peak': declared in .* are none",
    ),
    "no study": (
        lambda m: replace(m, study=None).evaluate(),
        r"train it with fit\(…, study=FOLDER\)",
    ),
    # fit
    "no fields": (lambda m: api.fit(ONE), r"no fields are given: fit\(designs, fields\)"),
    "settings as a dict": (lambda m: api.fit(ONE, FIELDS, settings={}), "give Settings"),
    "runs without fields": (
        lambda m: api.fit({"row": [1, 2], "speed": [1, 2]}, FIELDS),
        "fields of 14 runs, but parameters of 2",
    ),
    "a study as a number": (
        lambda m: api.fit({"a": np.arange(14)}, FIELDS, study=5),
        "give the path of its folder",
    ),
    "fields of two dimensions": (
        lambda m: api.Dataset.from_arrays(FIELDS[0], {"row": np.arange(8)}),
        r"numbers \[N, T, M\] or \[N, T, M, V\]",
    ),
    "texts and numbers": (
        lambda m: api.Dataset.from_arrays(FIELDS[:2], {"row": ["a", 1]}),
        "'row' of design 1 is 1, no text|give",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_it_is_a_user_error_that_says_what_is_taken(m: Model, name: str) -> None:
    use, words = WRONG[name]
    with pytest.raises(UserError, match=words):
        use(m)
