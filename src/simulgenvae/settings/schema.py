"""What a user can ask for: one typed, validated schema for every part of SimulGenVAE.

Every reader (TOML, ``condition.txt``, ``--set``) produces a :class:`Settings`; ``docs/settings.md`` is generated from
the docstrings below. Bounds are wide enough for any sensible study and tight enough that a model file from a stranger
cannot ask for absurd amounts of memory.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=10_000_000)]
Width = Annotated[int, Field(ge=1, le=16_384)]
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
SENTENCES = "sentences"
"""Beside the type of a list: its entries hold spaces, so that one text is one entry."""
IMAGE_ENDINGS = (".png", ".jpg", ".jpeg")
Axis = Literal["x", "y", "z"]
Loss = Literal["mse", "mae", "smooth_l1", "huber"]


class Group(BaseModel):
    """Common behaviour of all groups of settings: immutable, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class DataSettings(Group):
    """Which part of the data is used, and for what."""

    runs: Count | None = None
    """Number of runs that the data must hold (`Dim1`); an error when it does not."""
    timesteps: Count | None = None
    """Number of timesteps that the data must hold (`Dim2`); an error when it does not."""
    nodes: Count | None = None
    """Number of mesh nodes that the data must hold (`Dim3`); an error when it does not."""
    variables: Count | None = None
    """Number of variables per node that the data must hold (`num_var`); an error when it does not."""
    first_timesteps: Count | None = None
    """Use only the first so many timesteps (`Dim2_red`)."""
    node_start: Annotated[int, Field(ge=0)] = 0
    """First node that is used, counted from 0 (`Dim3_start`)."""
    node_end: Count | None = None
    """Node before which the used slice ends (`Dim3_end`); all nodes when not given."""
    parameters: str | None = None
    """CSV file with the runs' parameters, or the folder that holds it (`param_dir`), relative to the study folder;
    `parametric_data` when not given."""
    images: str | None = None
    """Folder with the runs' pictures, or CSV with `id,file` (`param_dir` where `input_type` is an image), relative to
    the study folder; `images` when not given and `conditioner.kind` asks for pictures."""
    file_type: Literal[".csv", ".png", ".jpg", ".jpeg"] | None = None
    """Ending of the files with the conditions, in any case (`param_data_type`); of pictures, all three when not
    given."""
    image_size: Annotated[int, Field(ge=16, le=2048)] = 256
    """Pictures are resized to so many pixels a side."""
    validation_fraction: Fraction = 0.1
    """Share of the runs that early stopping and model choice look at; at least one run where four or more exist."""
    test_fraction: Fraction = 0.1
    """Share of the runs that nothing but the final evaluation sees; at least one run where four or more exist."""
    split_seed: Seed = 0
    """Seed of the random split. A `split.csv` with `id,split` in the study takes its place."""
    load_all: bool = False
    """Hold the fields in memory during training (`--load_all 1`); otherwise they are read from disk as needed."""

    @property
    def image_endings(self) -> tuple[str, ...]:
        """Endings of the files that are read as pictures."""
        return IMAGE_ENDINGS if self.file_type is None or self.file_type == ".csv" else (self.file_type,)

    @model_validator(mode="after")
    def _leave_training_runs(self) -> Self:
        if self.validation_fraction + self.test_fraction >= 1.0:
            raise ValueError("validation_fraction + test_fraction must be below 1, or nothing is left to train on")
        if self.node_end is not None and self.node_end <= self.node_start:
            raise ValueError(f"node_end ({self.node_end}) must be larger than node_start ({self.node_start})")
        return self


class ReductionSettings(Group):
    """How fields become a few coefficients per timestep, and back."""

    method: Literal["pod", "none"] = "pod"
    """`pod`: proper orthogonal decomposition of the scaled training fields; `none`: nodes are channels of the model."""
    scaling: Literal["variable", "node"] = "variable"
    """Minima and maxima (to ±0.7) of each variable over all nodes, or of each variable at each node."""
    tolerance: Annotated[float, Field(gt=0.0, lt=1.0)] = 1e-3
    """Relative error that leaving out modes may cause on the training runs."""
    max_rank: Annotated[int, Field(ge=1, le=4096)] = 512
    """Largest number of modes, whatever the tolerance."""


class ModelSettings(Group):
    """The hierarchical variational autoencoder."""

    decoder: Literal["modulated", "convolutional"] = "modulated"
    """`modulated`: latent-dependent time features and linear layers modulated by the latents, continuous in time;
    `convolutional`: 1-D convolutions over the timesteps of the data."""
    size: Literal["small", "large"] = "small"
    """One layer per level, or two (`--size`)."""
    filters: Annotated[tuple[Width, ...], Field(min_length=1, max_length=16)] = (192, 128, 96, 64)
    """Encoder widths, decreasing; the convolutional decoder has them in reverse. One hierarchical latent per step from
    one width to the next (one, where there is a single width)."""
    latent_dim: Annotated[int, Field(ge=1, le=4096)] = 32
    """Size of the main latent (`Latent_dim_end`)."""
    hierarchical_dim: Annotated[int, Field(ge=1, le=4096)] = 8
    """Size of each hierarchical latent (`Latent_dim`)."""
    width: Width = 384
    """Width of the modulated decoder's layers."""
    time_features: Annotated[int, Field(ge=1, le=4096)] = 32
    """Number of sine-cosine pairs of the modulated decoder."""

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
    """The network from a design's parameters, its picture or both to its latents."""

    kind: Literal["auto", "mlp", "cnn", "vit"] = "auto"
    """`mlp` for a table of parameters (`input_type csv`); `cnn`, a convolutional network (`image`), or `vit`, a vision
    transformer (`image_vit`), for pictures with or without a table; `auto`: `cnn` where there are pictures, else
    `mlp`."""
    filters: Annotated[tuple[Width, ...], Field(min_length=1, max_length=16)] | None = None
    """Widths of its residual blocks. `vit` has as many blocks as there are filters, all as wide as the widest. When not
    given: 128 128 (`mlp`), 32 64 96 128 (`cnn`), four times 64 (`vit`)."""
    dropout: Fraction = 0.0
    """Dropout rate: of the last block of `mlp` (earlier blocks have proportionally less), of the features of `cnn`,
    inside the blocks of `vit`."""
    spatial_attention: bool = False
    """Whether the blocks of `cnn` weigh places of the picture (`use_spatial_attention`)."""


class StageSettings(Group):
    """How one training stage runs."""

    steps: Count | None = None
    """Budget of optimiser steps. Where neither this nor `epochs` is given, it grows with the square root of the number
    of training snapshots (runs × timesteps), between bounds of each stage."""
    epochs: Count | None = None
    """Number of passes over the training runs; takes the place of `steps`."""
    batch_size: Count = 16
    """Runs per step, over all processes. Reduced to the number of training runs only while it is the default."""
    learning_rate: Positive = 5e-3
    """Largest learning rate, reached after the warm-up."""
    final_learning_rate: Fraction = 0.01
    """Learning rate at the end of every cosine, as a share of the largest."""
    weight_decay: NonNegative = 0.05
    """Decoupled weight decay."""
    warmup: Fraction = 0.03
    """Share of the budget in which the learning rate rises linearly from 0."""
    cycles: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of cosines; more than one gives warm restarts."""
    patience: Count = 50
    """Stop after so many validations without improvement."""


class ConditionerStageSettings(StageSettings):
    """How the stage that fits the conditioner to the latents runs."""

    batch_size: Count = 64
    """Runs per step, over all processes. Reduced to the number of training runs only while it is the default."""


class EndToEndSettings(StageSettings):
    """How the stage from conditions to decoded fields runs."""

    enabled: bool = True
    """Whether `--stage all` includes this stage (`use_e2e_training`)."""
    decoder: Literal["trained", "frozen"] = "trained"
    """`trained`: all networks learn; `frozen`: the VAE stays as it is and the conditioner alone learns, with gradients
    through the decoder."""
    from_scratch: bool = True
    """After the other stages, learn all networks together from new weights, or fine-tune theirs when false. A training
    that starts from a trained model, or has a frozen decoder, always fine-tunes."""
    members: Annotated[int, Field(ge=1, le=32)] | None = None
    """Networks that are trained from new weights, one after another: their mean is the prediction, and how far they are
    apart says how certain it is. When not given: 3, or 2 where pictures are read; always one where the stage
    fine-tunes."""
    loss: Loss = "mse"
    """Loss between decoded and true field (`e2e_loss_function`)."""
    weight: Positive = 1.0
    """Weight of that loss (`LC_alpha`)."""
    latent_weight: NonNegative = 1e-3
    """Weight of the distance of the predicted latents from the encoder's (`latent_reg_weight`); 0 switches it off
    (`use_latent_regularization 0`)."""
    vae_path: str | None = None
    """Another trained VAE to start from (`e2e_vae_model_path`), relative to the study folder."""


class AugmentationSettings(Group):
    """Training runs varied on the fly, in ways that keep condition and field a true pair; validation and test runs
    never are."""

    flips: tuple[Axis, ...] = ()
    """Axes along which the problem is symmetric: each training run is also seen mirrored, picture and field alike.
    `x` mirrors the columns of the picture, `y` its rows; nodes are matched by their coordinates."""
    odd_variables: tuple[Annotated[str, Field(pattern=r"^[xyz]:.+$")], ...] = ()
    """Variables that change their sign when mirrored along an axis, as a vector's component along it does: `y:v` for
    the variable `v` and the axis `y`."""
    pixel_noise: NonNegative = 0.0
    """Standard deviation of noise on the pictures that the conditioner reads (pixels are 0 to 1)."""
    parameter_noise: NonNegative = 0.0
    """Standard deviation of noise on the parameters that the conditioner reads, each in units of its own."""
    field_noise: NonNegative = 0.0
    """Standard deviation of noise on the fields that the encoder reads, in units of each coefficient's standard
    deviation."""
    mixup: NonNegative = 0.0
    """Blend pairs of training runs, conditions and fields alike, with a share from Beta(mixup, mixup). This assumes
    that fields change in proportion to conditions between any two designs, which is rarely true."""

    @property
    def odd(self) -> dict[str, tuple[str, ...]]:
        """Axis → the variables that change their sign along it."""
        pairs = [entry.split(":", 1) for entry in self.odd_variables]
        return {axis: tuple(name for at, name in pairs if at == axis) for axis, _ in pairs}

    @model_validator(mode="after")
    def _mirrored_axes(self) -> Self:
        if unmirrored := [axis for axis in self.odd if axis not in self.flips]:
            raise ValueError(f"odd_variables are given for {', '.join(unmirrored)}, which flips does not name")
        return self


class SpeedSettings(Group):
    """What makes training faster or smaller and, but for rounding, changes nothing else."""

    mixed_precision: bool = False
    """Matrix products and convolutions in bfloat16, weights and sums in float32."""
    gradient_checkpointing: bool = False
    """Compute activations again in the backward pass instead of holding them: less memory, a longer step."""
    channels_last: bool = True
    """Memory order of pictures that convolutions prefer."""
    data_on_device: bool = True
    """Hold coefficients and pictures on the device. When false they stay in the computer's memory, and each batch is
    copied from pinned memory while the GPU computes."""
    compile: bool = False
    """Translate each stage's loss with `torch.compile`. Worth its minutes on a GPU alone."""
    cuda_graphs: bool = False
    """With `compile`: record a step on the GPU once and replay it, which saves the time of launching its kernels."""
    workers: Annotated[int, Field(ge=0, le=64)] | None = None
    """Threads that read runs ahead while the fields are reduced; as many as there are spare cores, at most 4, when not
    given. Each holds one run in memory."""

    @model_validator(mode="after")
    def _graphs_of_compiled(self) -> Self:
        if self.cuda_graphs and not self.compile:
            raise ValueError("cuda_graphs needs compile: set both, or neither")
        return self


class TrainingSettings(Group):
    """How the networks learn."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the networks are trained; `auto` takes a GPU where there is one."""
    seed: Seed = 0
    """Seed of weights, batches and noise."""
    optimizer: Literal["muon", "adamw"] = "muon"
    """`muon`: Muon for the weight matrices and AdamW for the rest; `adamw`: AdamW for all."""
    loss: Loss = "mse"
    """Reconstruction loss of the VAE (`Loss_type` 1 to 4)."""
    alpha: Positive = 1e6
    """Weight of the reconstruction loss against the summed KL divergence."""
    init_beta_divisor: NonNegative = 4.0
    """KL weight beta starts at 10 to minus this, until 30 % of the budget, and rises linearly to 1 at 80 %."""
    clip_gradient: Positive = 1.0
    """Gradients longer than this are scaled down to it."""
    skip_gradient: Positive = 1e3
    """A step whose gradient is longer than this is skipped and counted."""
    validate_every: Count = 10
    """Epochs between validations; the last epoch is always validated."""
    checkpoint_seconds: Positive = 20.0
    """Time between the checkpoints that `--resume` starts from."""
    speed: SpeedSettings = SpeedSettings()
    augmentation: AugmentationSettings = AugmentationSettings()
    vae: StageSettings = StageSettings()
    conditioner: ConditionerStageSettings = ConditionerStageSettings()
    end_to_end: EndToEndSettings = EndToEndSettings()


class EvaluationSettings(Group):
    """What `evaluate` measures beside the errors. It may differ from what the model was trained with."""

    checks: Annotated[tuple[str, ...], SENTENCES] = ()
    """Physics checks beside sum, integral and energy: a list of `name: expression` over the variables, the coordinates
    x, y, z and the time t, for instance `["kinetic energy: 0.5*(u**2 + v**2)"]`; integrated over the mesh at every
    time. Known are numbers, + - * / **, parentheses, sqrt, abs, exp, log, sin, cos, min and max; names that are no
    identifiers stand between backquotes."""


class Settings(Group):
    """Everything a study can set."""

    data: DataSettings = DataSettings()
    reduction: ReductionSettings = ReductionSettings()
    model: ModelSettings = ModelSettings()
    conditioner: ConditionerSettings = ConditionerSettings()
    training: TrainingSettings = TrainingSettings()
    evaluation: EvaluationSettings = EvaluationSettings()

    @model_validator(mode="after")
    def _files_of_the_kind(self) -> Self:
        kind, ending = self.conditioner.kind, self.data.file_type
        if kind == "mlp" and ending in IMAGE_ENDINGS:
            raise ValueError(
                f"file_type (param_data_type) is {ending}, but kind mlp (input_type csv) reads a table: .csv"
            )
        if kind in {"cnn", "vit"} and ending == ".csv":
            asked = f"kind {kind} (input_type {'image' if kind == 'cnn' else 'image_vit'})"
            endings = ", ".join(IMAGE_ENDINGS)
            raise ValueError(f"file_type (param_data_type) is .csv, but {asked} reads pictures: {endings}")
        return self
