"""Conditions: what is known of a design before it is simulated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, NamedTuple, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StrictStr

from simulgenvae.data.names import check_ids, check_names
from simulgenvae.data.units import check_unit
from simulgenvae.errors import UserError
from simulgenvae.utils.summary import MOST_LINES, Summary, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulgenvae.data.images import ImageFormat, Images

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Levels = tuple[StrictStr, ...]
"""Values of a category, in the order of their codes; empty for a parameter that is a number."""


class LeftOut(BaseModel):
    """Column of a table that is no parameter, because nothing can be learned from it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: StrictStr
    value: Number | StrictStr | None
    """Value that all runs have; None for a column of texts, which is carried along."""

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.name!r} (text)"
        value = f"{self.value:g}" if isinstance(self.value, float) else self.value
        return f"{self.name!r} ({value} in all runs)"


class Carried(NamedTuple):
    """Column of texts, such as a comment, that goes with the runs and is not learned from."""

    name: str
    texts: tuple[str, ...]
    """Text of each of the N runs."""

    def __str__(self) -> str:
        different = len(set(self.texts))
        values = f"{different} different value{'' if different == 1 else 's'}"
        runs = f"{len(self.texts)} run{'' if len(self.texts) == 1 else 's'}"
        return f"column {self.name!r} (text, {values} in {runs})"


@dataclass(frozen=True, eq=False)
class Conditions:
    """Parameters of N runs, their images, or both.

    Raises UserError when the attributes do not agree.

    Attributes
    ----------
    ids
        Ids of the N runs.
    names
        Names of the P parameters; empty where there are only images.
    table
        Values `[N, P]`, all finite. The value of a category is the position of its text among the
        levels.
    images
        Images of the N runs.
    levels
        Texts of each parameter that is a category, empty for one that is a number; not given where
        all are numbers.
    left_out
        Columns of the table that are no parameters.
    units
        Units of the P parameters, "" where one is unknown. They are labels: nothing is converted.
    carried
        Columns of texts that are carried along.
    distances
        Images `[N, S, S]`, or volumes, of the signed distance from the boundary of each geometry,
        from -1 to 1. The last columns describe the geometries too, but coarser. Half precision: it
        is finest at the boundary, and a thousand volumes are 65 MB.

    Examples
    --------
    >>> import numpy as np
    >>> from simulgenvae import Conditions
    >>> conditions = Conditions(("a", "b"), ("row", "speed"), np.array([[5, 6], [7, 6]]))
    >>> conditions
    Conditions
      runs   2: a, b
      row    5 to 7
      speed  6 to 6
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    table: NDArray[np.float64]
    images: Images | None = None
    levels: tuple[Levels, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    units: tuple[str, ...] = ()
    carried: tuple[Carried, ...] = ()
    distances: NDArray[np.float16] | None = None

    def __post_init__(self) -> None:
        # The class is frozen, which forbids plain assignments here too.
        object.__setattr__(self, "table", np.asarray(self.table, dtype=np.float64))
        object.__setattr__(self, "levels", self.levels or ((),) * len(self.names))
        object.__setattr__(self, "units", self.units or ("",) * len(self.names))
        if self.table.shape != (len(self.ids), len(self.names)):
            expected = f"{len(self.ids)} ids x {len(self.names)} names"
            raise UserError(
                f"the table of parameters has the shape {self.table.shape}, but there are "
                f"{expected}"
            )
        check_ids(self.ids)
        check_names(self.names, "parameter")
        # A single NaN would spread to all weights of the networks in the first training step.
        bad = np.argwhere(~np.isfinite(self.table))
        if len(bad):
            run, column = bad[0]
            raise UserError(
                f"run {self.ids[run]!r}: parameter {self.names[column]!r} is "
                f"{self.table[run, column]}"
            )
        self._check_levels()
        self._check_labels()
        if self.images is not None and len(self.images) != len(self.ids):
            raise UserError(f"there are {len(self.images)} images for {len(self.ids)} runs")

    def _check_levels(self) -> None:
        if len(self.levels) != len(self.names):
            raise UserError(f"there are {len(self.levels)} categories of {len(self.names)}")
        for column, levels in enumerate(self.levels):
            if levels:
                check_levels(self.names[column], levels)
                # Codes are positions among the levels: whole numbers from 0.
                values = self.table[:, column]
                if np.any((values != np.rint(values)) | (values < 0) | (values >= len(levels))):
                    raise UserError(
                        f"parameter {self.names[column]!r} has other values than the "
                        f"{len(levels)} of its category"
                    )

    def _check_labels(self) -> None:
        if len(self.units) != len(self.names):
            raise UserError(f"there are {len(self.units)} units of {len(self.names)} parameters")
        for name, unit in zip(self.names, self.units, strict=True):
            check_unit(unit, f"parameter {name!r}")
        check_names([each.name for each in self.carried], "column")
        for name, texts in self.carried:
            if len(texts) != len(self.ids):
                raise UserError(f"column {name!r} has {len(texts)} texts of {len(self.ids)} runs")

    @classmethod
    def of_images(cls, ids: Sequence[str], images: Images) -> Self:
        """Return conditions that consist of images only.

        Examples
        --------
        >>> import numpy as np
        >>> from simulgenvae import Conditions
        >>> from simulgenvae.data.images import ImageFormat, Images
        >>> pixels = np.zeros((1, 8, 8, 1), np.uint8)
        >>> Conditions.of_images(["a"], Images(pixels, ImageFormat(64, 64, 1, 8))).image_format
        ImageFormat(width=64, height=64, channels=1, size=8, bits=8)
        """
        return cls(tuple(ids), (), np.zeros((len(ids), 0)), images)

    @classmethod
    def without_parameters(cls, ids: Sequence[str]) -> Self:
        """Return conditions of designs of which nothing but their geometry is known.

        Examples
        --------
        >>> from simulgenvae import Conditions
        >>> Conditions.without_parameters(["a", "b"]).names
        ()
        """
        return cls(tuple(ids), (), np.zeros((len(ids), 0)))

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return self._summary().text()

    def _repr_html_(self) -> str:
        return self._summary().html()

    def _summary(self) -> Summary:
        """Return the runs, and the values of each parameter."""
        few = len(self.names) <= MOST_LINES - 3
        lines = {"runs": f"{len(self)}: {shown(list(self.ids))}"}
        for column, name in enumerate(self.names if few else ()):
            values = self.table[:, column]
            text = f"{values.min():g} to {values.max():g}" if len(values) else "no value"
            lines[name] = shown(list(self.levels[column])) or text
        if not few:
            lines["parameters"] = shown(list(self.names))
        if self.images is not None:
            lines["images"] = str(self.images.format)
        return Summary("Conditions", lines)

    @property
    def image_format(self) -> ImageFormat | None:
        """Format that all images have; None without images."""
        return None if self.images is None else self.images.format

    def select(self, rows: Sequence[int] | NDArray[np.intp]) -> Conditions:
        """Return the conditions at ``rows``, in that order.

        Examples
        --------
        >>> import numpy as np
        >>> from simulgenvae import Conditions
        >>> conditions = Conditions(("a", "b"), ("row", "speed"), np.array([[5, 6], [7, 6]]))
        >>> conditions.select([1]).ids
        ('b',)
        """
        chosen = np.asarray(rows, dtype=np.intp)
        images = None if self.images is None else self.images.select(chosen)
        distances = None if self.distances is None else self.distances[chosen]
        ids = tuple(self.ids[row] for row in chosen)
        carried = tuple(
            Carried(name, tuple(texts[row] for row in chosen)) for name, texts in self.carried
        )
        return replace(
            self,
            ids=ids,
            table=self.table[chosen],
            images=images,
            carried=carried,
            distances=distances,
        )

    def value(self, row: int, column: int) -> float | str:
        """Return the value of a parameter in one run, of a category as its text.

        Examples
        --------
        >>> import numpy as np
        >>> from simulgenvae import Conditions
        >>> conditions = Conditions(("a", "b"), ("row", "speed"), np.array([[5, 6], [7, 6]]))
        >>> conditions.value(1, 0)
        7.0
        """
        number = float(self.table[row, column])
        levels = self.levels[column]
        return levels[int(number)] if levels else number

    def values(self) -> list[list[float | str]]:
        """Return the values of all runs, row by row, of categories as their texts.

        Examples
        --------
        >>> import numpy as np
        >>> from simulgenvae import Conditions
        >>> conditions = Conditions(("a", "b"), ("row", "speed"), np.array([[5, 6], [7, 6]]))
        >>> conditions.values()
        [[5.0, 6.0], [7.0, 6.0]]
        """
        columns = range(len(self.names))
        return [[self.value(row, column) for column in columns] for row in range(len(self))]

    def without_constants(self) -> Conditions:
        """Return the conditions without the parameters that are the same in all runs.

        They are recorded in ``left_out``. Nothing changes where there is only one run.

        Examples
        --------
        >>> import numpy as np
        >>> from simulgenvae import Conditions
        >>> conditions = Conditions(("a", "b"), ("row", "speed"), np.array([[5, 6], [7, 6]]))
        >>> conditions.without_constants().names
        ('row',)
        """
        constant = (self.table == self.table[:1]).all(axis=0) & (len(self) > 1)
        if not constant.any():
            return self
        found = [
            LeftOut(name=self.names[column], value=self.value(0, column))
            for column in map(int, np.flatnonzero(constant))
        ]
        kept = [int(column) for column in np.flatnonzero(~constant)]
        return replace(
            self,
            names=tuple(self.names[column] for column in kept),
            table=self.table[:, kept],
            levels=tuple(self.levels[column] for column in kept),
            units=tuple(self.units[column] for column in kept),
            left_out=(*self.left_out, *found),
        )


def check_levels(name: str, levels: Sequence[str]) -> None:
    """Raise UserError unless the values of category ``name`` are distinct printable texts."""
    check_names(levels, f"category {name!r}, value")


def appended(stored: Conditions, new: Conditions) -> Conditions:
    """Return the conditions of stored runs followed by new ones, with the same parameters.

    The result has no images. New texts of a category are added after its present levels.
    """
    levels = tuple(
        tuple(dict.fromkeys((*before, *now)))
        for before, now in zip(stored.levels, new.levels, strict=True)
    )
    table = np.concatenate([stored.table, recoded(new, levels)])
    return replace(
        stored,
        ids=stored.ids + new.ids,
        table=table,
        images=None,
        levels=levels,
        units=tuple(before or now for before, now in zip(stored.units, new.units, strict=True)),
        carried=_joined_texts(stored, new),
    )


def _joined_texts(stored: Conditions, new: Conditions) -> tuple[Carried, ...]:
    """Return the columns of texts of both, empty where one of them lacks a column."""
    parts = ((dict(stored.carried), len(stored)), (dict(new.carried), len(new)))
    joined = []
    for name in dict.fromkeys((*parts[0][0], *parts[1][0])):
        texts: tuple[str, ...] = ()
        for columns, count in parts:
            texts += columns.get(name, ("",) * count)
        joined.append(Carried(name, texts))
    return tuple(joined)


def recoded(conditions: Conditions, levels: Sequence[Levels]) -> NDArray[np.float64]:
    """Return the table with the codes of other ``levels``, `[N, P]`; -1 for a text not in them."""
    if tuple(levels) == conditions.levels:
        return conditions.table
    table = conditions.table.copy()
    for column, (own, other) in enumerate(zip(conditions.levels, levels, strict=True)):
        if own and own != other:
            codes = np.array([other.index(text) if text in other else -1 for text in own])
            table[:, column] = codes[table[:, column].astype(np.intp)]
    return table
