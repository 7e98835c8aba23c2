"""Schema of all settings: typed, validated, and the source of the settings reference.

Every reader (TOML, ``condition.txt``, ``--set``) produces a :class:`Settings`; ``docs/settings.md``
is generated from the docstrings below. Bounds are wide enough for any sensible study and tight
enough that a model file from a stranger cannot ask for absurd amounts of memory.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simulgenvae.settings.group import SENTENCES, Count, Fraction, Group, Seed, Width
from simulgenvae.settings.networks import CONDITIONERS, DECODERS, OneOf
from simulgenvae.settings.renamed import with_current_names
from simulgenvae.settings.training import TrainingSettings

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp")
"""Endings of image files."""


class DataSettings(Group):
    """Selection and split of the data."""

    runs: Count | None = None
    """Number of runs that the data must hold (`Dim1`); an error when it does not."""
    timesteps: Count | None = None
    """Number of timesteps that the data must hold (`Dim2`); an error when it does not."""
    nodes: Count | None = None
    """Number of mesh nodes that the data must hold (`Dim3`); an error when it does not."""
    variables: Count | None = None
    """Number of variables per node that the data must hold (`num_var`); an error when it does
    not."""
    first_timesteps: Count | None = None
    """Number of timesteps that are used, from the first one (`Dim2_red`)."""
    node_start: Annotated[int, Field(ge=0)] = 0
    """First node that is used, counted from 0 (`Dim3_start`)."""
    node_end: Count | None = None
    """Node before which the used slice ends (`Dim3_end`); all nodes when not given."""
    parameters: str | None = None
    """CSV file with the runs' parameters, or the folder that holds it (`param_dir`), relative to
    the study folder; `parametric_data` when not given."""
    images: str | None = None
    """Folder with the runs' images, or CSV with `id,file` (`param_dir` where `input_type` is an
    image), relative to the study folder; `images` when not given and `conditioner.kind` reads
    images."""
    file_type: (
        Literal[".csv", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".gif", ".webp"] | None
    ) = None
    """Ending of the files with the conditions, in upper or lower case (`param_data_type`); all
    endings of images when not given."""
    image_size: Annotated[int, Field(ge=16, le=2048)] = 256
    """Width and height in pixels that images are resized to."""
    validation_fraction: Fraction | None = None
    """Fraction of the runs for validation, which early stopping, model choice and calibration use;
    at least one run where four or more exist. When not given: a tenth, and with fewer than 80 runs
    up to a quarter, so that there are 8 where possible. In the end they are learned from too
    (`training.end_to_end.refit`)."""
    test_fraction: Fraction = 0.1
    """Fraction of the runs for the test, which only the evaluation uses; at least one run where
    four or more exist."""
    split_seed: Seed = 0
    """Seed of the random split. A `split.csv` with `id,split` in the study takes its place."""
    load_all: bool = False
    """Read the fields from disk once, and hold all that training reads where it computes
    (`--load_all 1`): on the GPU where there is one (but see `training.performance.data_on_device`),
    else in memory. Otherwise fields are read as needed, and batches come from disk where there is
    no reduction and the runs are large."""

    @property
    def image_endings(self) -> tuple[str, ...]:
        """Endings of the files that are read as images."""
        if self.file_type is None or self.file_type == ".csv":
            return IMAGE_ENDINGS
        return (self.file_type,)

    @model_validator(mode="after")
    def _leave_training_runs(self) -> Self:
        if (self.validation_fraction or 0.0) + self.test_fraction >= 1.0:
            raise ValueError(
                "validation_fraction + test_fraction must be below 1, or nothing is left to "
                "train on"
            )
        if self.node_end is not None and self.node_end <= self.node_start:
            raise ValueError(
                f"node_end ({self.node_end}) must be larger than node_start ({self.node_start})"
            )
        return self


class ReductionSettings(Group):
    """Reduction of fields to a few coefficients per timestep."""

    method: Literal["pod", "none"] = "pod"
    """`pod`: proper orthogonal decomposition of the scaled training fields; `none`: nodes are
    channels of the model."""
    scaling: Literal["variable", "node"] = "variable"
    """Minima and maxima (to ±0.7) of each variable over all nodes, or of each variable at each
    node."""
    tolerance: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None
    """Relative error that leaving out modes may cause on the training runs. When not given: 1e-3,
    or down to 1e-6 as far as 64 modes are enough for it."""
    max_rank: Annotated[int, Field(ge=1, le=4096)] = 512
    """Largest number of modes, whatever the tolerance."""


class ModelSettings(Group):
    """The hierarchical variational autoencoder."""

    decoder: Annotated[str, OneOf(DECODERS)] = next(iter(DECODERS))
    """Network from latents to coefficients."""
    size: Literal["small", "large"] = "small"
    """One layer per level, or two (`--size`)."""
    filters: Annotated[tuple[Width, ...], Field(min_length=1, max_length=16)] = (192, 128, 96, 64)
    """Encoder widths, decreasing; the convolutional decoder has them in reverse. One hierarchical
    latent per step from one width to the next (one, where there is a single width)."""
    latent_dim: Annotated[int, Field(ge=1, le=4096)] = 32
    """Size of the main latent (`Latent_dim_end`)."""
    hierarchical_dim: Annotated[int, Field(ge=1, le=4096)] = 8
    """Size of each hierarchical latent (`Latent_dim`)."""
    width: Width = 384
    """Width of the modulated decoder's layers."""
    field_width: Width = 128
    """Width of the neural field's layers."""
    time_features: Annotated[int, Field(ge=1, le=4096)] = 32
    """Number of sine-cosine pairs of the modulated decoder; the neural field has half as many that
    depend on the latents."""

    @property
    def levels(self) -> int:
        """Number L of hierarchical latents."""
        return max(1, len(self.filters) - 1)

    @property
    def layers(self) -> int:
        """Layers per level."""
        return 1 if self.size == "small" else 2

    @model_validator(mode="after")
    def _decreasing(self) -> Self:
        if any(a <= b for a, b in zip(self.filters, self.filters[1:], strict=False)):
            given = " ".join(map(str, self.filters))
            raise ValueError(f"filters must decrease from first to last, but are: {given}")
        return self


class ConditionerSettings(Group):
    """The network from a design's parameters, its image or both to its latents."""

    kind: Annotated[str, OneOf(CONDITIONERS, words=("auto",))] = "auto"
    """Network that reads the conditions. `auto`: the first of the following that reads images where
    there are images, else the first that reads a table."""
    filters: Annotated[tuple[Width, ...], Field(min_length=1, max_length=16)] | None = None
    """Widths of its residual blocks; the default of its kind when not given. The vision transformer
    has as many blocks as there are filters, all as wide as the widest."""
    geometry: Literal["auto", "coefficients"] = "auto"
    """Reading of geometries that the other conditions do not determine. `auto`: on a background
    grid, the distance from the boundary as an image or a volume, by a convolutional network of its
    own; otherwise as `coefficients` of shape modes, beside the parameters."""
    dropout: Fraction = 0.0
    """Dropout rate: of the last block of the perceptron (earlier blocks have proportionally less),
    of the features of the convolutional network, inside the blocks of the vision transformer."""
    spatial_attention: bool = False
    """Weigh places of the image in the blocks of the convolutional network
    (`use_spatial_attention`)."""

    @property
    def reads_distances(self) -> bool:
        """True if geometries on a grid are read as images or volumes of the distance."""
        return self.geometry == "auto"


class PredictionSettings(Group):
    """Combination of the trained parts into a prediction."""

    gaussian_process: Literal["auto", "off"] = "auto"
    """`auto`: the prediction is a mixture of networks and Gaussian processes, weighted by their
    errors on the validation runs; `off`: only the networks predict, and Gaussian processes only
    measure novelty."""


class EvaluationSettings(Group):
    """Further measurements of `evaluate`.

    These settings may change after the training.
    """

    checks: Annotated[tuple[str, ...], SENTENCES] = ()
    """Physics checks in addition to sum, integral and energy: a list of `name: expression` over the
    variables, the coordinates x, y, z and the time t, for instance `["kinetic energy: 0.5*(u**2 +
    v**2)"]`; integrated over the mesh at every time. An expression may have numbers, + - * / **,
    parentheses, sqrt, abs, exp, log, sin, cos, min and max; names that are no identifiers are
    written between backquotes."""
    figures: bool = True
    """Draw figures and, where the mesh can be drawn, a film. They take most of the time of the
    evaluation of a small study."""


class Settings(Group):
    """All settings of a study.

    Examples
    --------
    >>> from simulgenvae import Settings
    >>> settings = Settings.model_validate({"model": {"size": "large"}})
    >>> settings.model.size, settings.training.device
    ('large', 'auto')
    """

    data: DataSettings = DataSettings()
    reduction: ReductionSettings = ReductionSettings()
    model: ModelSettings = ModelSettings()
    conditioner: ConditionerSettings = ConditionerSettings()
    training: TrainingSettings = TrainingSettings()
    prediction: PredictionSettings = PredictionSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    quantities: dict[str, str] = Field(default_factory=dict)
    """Quantities of interest by name, such as `peak = "max(T)"` (docs/quantities.md). They may
    change after the training."""

    @model_validator(mode="before")
    @classmethod
    def _names_of_earlier_versions(cls, given: object) -> object:
        # Model files keep the settings of their training under the names of their time.
        return with_current_names(given) if isinstance(given, dict) else given

    @model_validator(mode="after")
    def _files_of_the_kind(self) -> Self:
        spec = CONDITIONERS.get(self.conditioner.kind)
        ending = self.data.file_type
        if spec is None or ending is None or (ending == ".csv") == (spec.reads == "table"):
            return self
        classic = f" (input_type {spec.input_types[0]})" if spec.input_types else ""
        wanted = "a table: .csv"
        if spec.reads == "images":
            wanted = f"image files: {', '.join(IMAGE_ENDINGS)}"
        raise ValueError(
            f"file_type (param_data_type) is {ending}, but kind {self.conditioner.kind}{classic} "
            f"reads {wanted}"
        )

    @model_validator(mode="after")
    def _field_of_modes(self) -> Self:
        second = self.training.end_to_end.second_decoder
        chosen = {"model.decoder": self.model.decoder, "training.end_to_end.second_decoder": second}
        for setting, name in chosen.items():
            if name not in DECODERS or not DECODERS[name].is_field:
                continue
            if self.reduction.method != "pod":
                raise ValueError(f"{setting} = {name} needs reduction.method = pod")
            if not self.learns_from_squares:
                raise ValueError(
                    f"{setting} = {name} learns from mean squares only: leave training.loss and "
                    "training.end_to_end.loss at mse"
                )
        return self

    @property
    def learns_from_squares(self) -> bool:
        """True if all losses of fields are mean squares, which a field at some nodes needs."""
        return {self.training.loss, self.training.end_to_end.loss} == {"mse"}

    def with_decoder(self, name: str) -> Self:
        """Return the settings of the same networks with another decoder.

        Examples
        --------
        >>> from simulgenvae import Settings
        >>> Settings().with_decoder("field").model.decoder
        'field'
        """
        model = self.model.model_copy(update={"decoder": name})
        return self.model_copy(update={"model": model})

    @model_validator(mode="after")
    def _node_sized_layers(self) -> Self:
        if self.training.performance.shard_nodes and self.reduction.method != "none":
            raise ValueError(
                "training.performance.shard_nodes is for reduction.method = none: with modes no "
                "layer is as large as the mesh"
            )
        return self
