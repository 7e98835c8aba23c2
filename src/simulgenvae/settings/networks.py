"""Networks that settings can name: one descriptor for each kind of conditioner and of decoder.

The descriptors are here, and not in the modules of the networks, because settings are checked
before torch is loaded: a misspelt name in ``study.toml`` is reported in a fraction of a second, and
``simulgenvae check`` needs no torch at all. A descriptor names the function that builds its network
(``"module:function"``), which is imported when a network is built.

Another package adds its own kind by one entry::

    from simulgenvae.settings.networks import CONDITIONERS, ConditionerSpec

    CONDITIONERS["fourier"] = ConditionerSpec(
        title="Fourier features", meaning="sines and cosines of the parameters",
        reads="table", default_filters=(64,), build="my_package.fourier:build",
    )

Tested in tests/models/test_registries.py.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from simulgenvae.settings.problems import nearest

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

Condition = Literal["table", "images"]
"""Kind of data that a conditioner reads."""
Builder = Callable[..., Any] | str
"""Function that builds a network, or where it is: ``"module:function"``."""


@dataclass(frozen=True)
class ConditionerSpec:
    """One kind of conditioner: the network that reads the table or the images of a design.

    Attributes
    ----------
    title
        Name in reports.
    meaning
        What it is, as a phrase for the reference of the settings.
    reads
        What it reads.
    default_filters
        Widths where ``conditioner.filters`` is not given.
    build
        Builds the network from the group ``conditioner`` of the settings, the filters and the
        :class:`~simulgenvae.models.conditioner.base.InputShape`; see
        :class:`~simulgenvae.models.conditioner.base.ConditionEncoder` for what it returns.
    input_types
        Values of ``input_type`` in ``condition.txt`` that choose it.
    """

    title: str
    meaning: str
    reads: Condition
    default_filters: tuple[int, ...]
    build: Builder
    input_types: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """Text about it in the reference of the settings."""
        chosen_by = " or ".join(f"`{name}`" for name in self.input_types)
        classic = f"`input_type` {chosen_by}; " if chosen_by else ""
        filters = " ".join(map(str, self.default_filters))
        return f"{self.meaning} ({classic}filters {filters} when not given)"


@dataclass(frozen=True)
class DecoderSpec:
    """One kind of decoder: the network from latents to coefficients.

    Attributes
    ----------
    meaning
        What it is, as a phrase for the reference of the settings.
    continuous_in_time
        Whether it predicts at any time, and not at the training times only.
    build
        Builds the network from the group ``model`` of the settings, the number of coefficients and
        the number of training times; see
        :class:`~simulgenvae.models.decoders.base.LatentDecoder` for what it returns. A field, a
        :class:`~simulgenvae.models.decoders.base.FieldDecoder`, is built from the group ``model``,
        :class:`~simulgenvae.models.field_points.FieldPoints` and the coefficients' standard
        deviations.
    is_field
        Whether it is a function of position: it then needs node positions and modes.
    """

    meaning: str
    continuous_in_time: bool
    build: Builder
    is_field: bool = False

    @property
    def reference(self) -> str:
        """Text about it in the reference of the settings."""
        return self.meaning


CONDITIONERS: dict[str, ConditionerSpec] = {
    "mlp": ConditionerSpec(
        title="MLP",
        meaning="a residual perceptron for a table of parameters",
        reads="table",
        default_filters=(128, 128),
        build="simulgenvae.models.conditioner.table:build",
        input_types=("csv", "csvs"),
    ),
    "cnn": ConditionerSpec(
        title="CNN",
        meaning="a convolutional network for images, with or without a table",
        reads="images",
        default_filters=(32, 64, 96, 128),
        build="simulgenvae.models.conditioner.cnn:build",
        input_types=("image", "images"),
    ),
    "vit": ConditionerSpec(
        title="ViT",
        meaning="a vision transformer for images, with or without a table",
        reads="images",
        default_filters=(64, 64, 64, 64),
        build="simulgenvae.models.conditioner.vit:build",
        input_types=("image_vit",),
    ),
}
"""Kinds of conditioners by the name that settings give them. The first one that reads a table, and
the first one that reads images, are the defaults."""

DECODERS: dict[str, DecoderSpec] = {
    "modulated": DecoderSpec(
        meaning="latent-dependent time features and linear layers modulated by the latents, "
        "continuous in time",
        continuous_in_time=True,
        build="simulgenvae.models.decoders.modulated:ModulatedDecoder",
    ),
    "convolutional": DecoderSpec(
        meaning="1-D convolutions over the timesteps of the data",
        continuous_in_time=False,
        build="simulgenvae.models.decoders.convolutional:ConvolutionalDecoder",
    ),
    "field": DecoderSpec(
        meaning="a neural field: a function of position and time that the latents modulate, "
        "continuous in time",
        continuous_in_time=True,
        build="simulgenvae.models.decoders.neural_field:NeuralFieldDecoder",
        is_field=True,
    ),
}
"""Kinds of decoders by the name that settings give them."""


def conditioners_of(reads: Condition) -> tuple[str, ...]:
    """Return the names of the conditioners that read a table, or images; the default first."""
    return tuple(name for name, spec in CONDITIONERS.items() if spec.reads == reads)


def load_builder(spec: ConditionerSpec | DecoderSpec) -> Callable[..., Any]:
    """Return the function that builds a network, importing its module where necessary."""
    if not isinstance(spec.build, str):
        return spec.build
    module, _, name = spec.build.partition(":")
    # Only now is torch loaded.
    builder: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return builder


@dataclass(frozen=True)
class OneOf:
    """Annotation of a text setting: the names of a registry, and ``words`` besides them.

    The registry is read at each validation, so that names which are added later are valid too.
    """

    registry: Mapping[str, ConditionerSpec | DecoderSpec]
    words: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All valid names."""
        return (*self.words, *self.registry)

    def check(self, value: str) -> str:
        """Return a valid name, or raise pydantic's error that lists the valid ones."""
        # Not a Literal: its values would be fixed before another package could add its own.
        if value not in self.names:
            *others, last = map(repr, self.names)
            raise PydanticCustomError(
                "unknown_name",
                "Input should be {expected}; the nearest is {nearest}",
                {
                    "expected": f"{', '.join(others)} or {last}",
                    "nearest": repr(nearest(value, self.names)),
                },
            )
        return value

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return pydantic's schema of a text that :meth:`check` accepts."""
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the JSON schema, with the names and their meanings for the reference."""
        # A list, because pydantic sorts the keys of a table.
        meanings = [[name, spec.reference] for name, spec in self.registry.items()]
        return {**handler(schema), "enum": list(self.names), "meanings": meanings}
