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
    validation_fraction: Fraction = 0.1
    """Share of the runs that early stopping and model choice look at; at least one run where four or more exist."""
    test_fraction: Fraction = 0.1
    """Share of the runs that nothing but the final evaluation sees; at least one run where four or more exist."""
    split_seed: Seed = 0
    """Seed of the random split. A `split.csv` with `id,split` in the study takes its place."""
    load_all: bool = False
    """Hold the fields in memory during training (`--load_all 1`); otherwise they are read from disk as needed."""

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
    """The network from a design's parameters to its latents."""

    kind: Literal["mlp"] = "mlp"
    """What the conditions are: `mlp` for a table of parameters."""
    filters: Annotated[tuple[Width, ...], Field(min_length=1, max_length=16)] = (128, 128)
    """Widths of its residual blocks."""
    dropout: Fraction = 0.0
    """Dropout rate of the last block; earlier blocks have proportionally less."""


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
    from_scratch: bool = True
    """After the other stages, learn all networks together from new weights, or fine-tune theirs when false. A training
    that starts from a trained model always fine-tunes."""
    loss: Loss = "mse"
    """Loss between decoded and true field (`e2e_loss_function`)."""
    weight: Positive = 1.0
    """Weight of that loss (`LC_alpha`)."""
    latent_weight: NonNegative = 1e-3
    """Weight of the distance of the predicted latents from the encoder's (`latent_reg_weight`); 0 switches it off
    (`use_latent_regularization 0`)."""
    vae_path: str | None = None
    """Another trained VAE to start from (`e2e_vae_model_path`), relative to the study folder."""


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
    vae: StageSettings = StageSettings()
    conditioner: ConditionerStageSettings = ConditionerStageSettings()
    end_to_end: EndToEndSettings = EndToEndSettings()


class Settings(Group):
    """Everything a study can set."""

    data: DataSettings = DataSettings()
    reduction: ReductionSettings = ReductionSettings()
    model: ModelSettings = ModelSettings()
    conditioner: ConditionerSettings = ConditionerSettings()
    training: TrainingSettings = TrainingSettings()
