"""Attributes of a dataset on disk: everything that is stored in its ``zarr.json``.

Tested in tests/data/store/test_read.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    StrictBool,
    StrictFloat,
    StrictStr,
    ValidationError,
    field_validator,
    model_validator,
)

from simulgenvae.data.conditions import LeftOut
from simulgenvae.data.images import ImageFormat
from simulgenvae.data.names import prefix_errors
from simulgenvae.data.store.integrity import read_metadata
from simulgenvae.errors import UserError
from simulgenvae.mesh.cells import ARRAYS
from simulgenvae.utils.damage import first_problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from simulgenvae.data.metadata import Metadata

FORMAT = "simulgenvae-dataset"
FORMAT_VERSION = 1

Names = tuple[StrictStr, ...]


class DatasetAttributes(BaseModel):
    """Attributes of a dataset; its arrays hold the numbers.

    They are read from a file that may be damaged or crafted, so every type is checked.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: StrictStr = FORMAT
    format_version: int = FORMAT_VERSION
    ids: Names
    """Ids of the N runs."""
    variables: Names
    """Names of the V variables."""
    units: Names
    """Units of the V variables."""
    parameters: Names
    """Names of the parameters."""
    time_unit: StrictStr = ""
    """Unit of the times; datasets of earlier versions have none."""
    length_unit: StrictStr = ""
    """Unit of the coordinates; datasets of earlier versions have none."""
    levels: tuple[Names, ...] = ()
    """Values of each parameter that is a category, in the order of their codes; empty for a number.
    Datasets of earlier versions have none."""
    left_out: tuple[LeftOut, ...] = ()
    """Columns of the table that are no parameters; not recorded by earlier versions."""
    parameter_units: Names = ()
    """Units of the parameters; datasets of earlier versions have none."""
    carried: tuple[tuple[StrictStr, Names], ...] = ()
    """Name and N texts of each column that is carried along; earlier versions did not keep them."""
    images: ImageFormat | None = None
    """Format of the images; None where there are none, as in datasets of earlier versions."""
    coords: StrictBool
    """True where there are node coordinates."""
    cells: Names
    """Names of the arrays of the cells."""
    sets: Names = ()
    """Names of the sets of nodes; datasets of earlier versions have none."""
    offsets: tuple[StrictFloat, ...] = ()
    """Value that each variable is stored less of; none where all are stored as they are."""
    geometry: dict[str, Any] | None = None
    """Way of sharing the mesh, where runs have meshes of their own: see :class:`CommonMesh`."""
    motion: Names = ()
    """Names of the variables by which nodes move; none where the mesh does not move in time."""
    masked: StrictBool = False
    """True where some nodes have no values: the array ``valued`` says which have."""
    digests: Names = ()
    """SHA-256 of the field of each run; datasets of earlier versions lack them."""
    fingerprint: StrictStr
    """SHA-256 of metadata and digests."""
    remarks: Names = ()
    """Notes made when the dataset was stored; datasets of earlier versions lack them."""

    @field_validator("images", mode="before")
    @classmethod
    def _check_image_format(cls, value: object) -> object:
        # Pydantic would ignore unknown entries and convert texts to numbers.
        return ImageFormat.from_dict(value) if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _check_agreement(self) -> Self:
        if len(self.digests) not in {0, len(self.ids)}:
            raise ValueError("'digests' must be a text for each run")
        # The arrays of cells become names of folders: only those that the program knows are safe.
        if not set(self.cells) <= ARRAYS.keys():
            raise ValueError("unknown 'cells'")
        return self

    @classmethod
    def describe(
        cls, metadata: Metadata, digests: Sequence[str], fingerprint: str, remarks: Sequence[str]
    ) -> Self:
        """Return the attributes of a dataset with ``metadata`` and the runs' ``digests``."""
        return cls(
            ids=metadata.ids,
            variables=metadata.variables,
            units=metadata.units,
            parameters=metadata.conditions.names,
            time_unit=metadata.time_unit,
            length_unit=metadata.whole_mesh.unit,
            levels=metadata.conditions.levels,
            left_out=metadata.conditions.left_out,
            parameter_units=metadata.conditions.units,
            carried=metadata.conditions.carried,
            images=metadata.conditions.image_format,
            coords=metadata.whole_mesh.coords is not None,
            cells=tuple(metadata.whole_mesh.cells.arrays()),
            sets=metadata.whole_mesh.sets.names,
            offsets=() if metadata.offsets is None else tuple(metadata.offsets.tolist()),
            geometry=None if metadata.common is None else metadata.common.to_record(),
            motion=metadata.motion,
            masked=metadata.mask is not None,
            digests=tuple(digests),
            fingerprint=fingerprint,
            remarks=tuple(remarks),
        )


def read_attributes(path: Path) -> DatasetAttributes:
    """Return the attributes of the dataset at ``path``.

    Raises UserError where there is none, or it is damaged or of another version.
    """
    attributes = read_metadata(path, "group").get("attributes")
    if not isinstance(attributes, dict) or attributes.get("format") != FORMAT:
        raise UserError(
            f"{path}: not a dataset of this program: make one with `simulgenvae ingest`"
        )
    if attributes.get("format_version") != FORMAT_VERSION:
        version = str(attributes.get("format_version"))[:20]
        raise UserError(
            f"{path}: has the format version {version}, but this program reads {FORMAT_VERSION}"
        )
    # Messages of pydantic quote the value, which may be long: the text is cut.
    file = path / "zarr.json"
    try:
        with prefix_errors(file):
            return DatasetAttributes.model_validate(attributes)
    except ValidationError as error:
        raise UserError(f"{file}: damaged: {first_problem(error)}"[:500]) from error
