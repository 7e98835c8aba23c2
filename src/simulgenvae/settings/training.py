"""Settings of training: its stages, augmentation and performance.

Tested in tests/settings/test_schema.py and tests/settings/test_every_value.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from simulgenvae.settings.group import Count, Fraction, Group, NonNegative, Positive, Seed
from simulgenvae.settings.networks import DECODERS, OneOf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Axis = Literal["x", "y", "z"]
Flips = Annotated[
    Annotated[Literal["auto", "none"], Tag("word")] | Annotated[tuple[Axis, ...], Tag("list")],
    # With it, a mistake is explained once, not once for each of the two types.
    Discriminator(lambda value: "word" if isinstance(value, str) else "list"),
]
Loss = Literal["mse", "mae", "smooth_l1", "huber"]


class StageSettings(Group):
    """Settings of one training stage."""

    steps: Count | None = None
    """Budget of optimiser steps. Where neither this nor `epochs` is given, it grows with the square
    root of the number of training snapshots (runs × timesteps), between bounds of each stage."""
    epochs: Count | None = None
    """Number of passes over the training runs; takes the place of `steps`."""
    batch_size: Count = 16
    """Runs per step, over all processes. More than the number of training runs means all of
    them."""
    learning_rate: Positive = 5e-3
    """Largest learning rate, reached after the warm-up."""
    final_learning_rate: Fraction = 0.01
    """Learning rate at the end of every cosine, as a fraction of the largest."""
    weight_decay: NonNegative = 0.05
    """Decoupled weight decay."""
    warmup: Fraction = 0.03
    """Fraction of the budget in which the learning rate rises linearly from 0."""
    cycles: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of cosines; more than one gives warm restarts."""
    patience: Count = 50
    """Number of validations without improvement after which a stage stops."""


class ConditionerStageSettings(StageSettings):
    """Settings of the stage that fits the conditioner to the latents."""

    # The conditioner is small, so that its stage takes larger batches by default.
    batch_size: Count = 64
    """Runs per step, over all processes. More than the number of training runs means all of
    them."""


class EndToEndSettings(StageSettings):
    """Settings of the stage that trains from conditions to decoded fields."""

    enabled: bool = True
    """Include this stage in `--stage all` (`use_e2e_training`)."""
    decoder: Literal["trained", "frozen"] = "trained"
    """`trained`: all networks learn; `frozen`: the VAE does not change in any bit, and only the
    conditioner learns, with gradients through the decoder."""
    from_scratch: bool = True
    """Train all networks together from new weights, in this stage only; when false, the stages
    `vae` and `conditioner` come first and this one continues with their networks. It also continues
    with trained networks with a frozen decoder, a `vae_path` or `--stage end_to_end`. Studies with
    a `condition.txt` have false here unless it is set."""
    members: Annotated[int, Field(ge=1, le=32)] | None = None
    """Number of networks that are trained one after another. Their mean is the prediction, and the
    distance between them says how certain it is. All start with new weights; where the stage
    continues with a trained VAE, with that VAE and a new conditioner. When not given: 3, or 2 where
    images are read or there are 20,000 training snapshots; one where the stage continues with
    trained networks."""
    second_decoder: Annotated[str, OneOf(DECODERS, words=("auto", "none"))] = "auto"
    """Decoder of the second network, beside `model.decoder` of the first; further networks have
    that of the better one, and the validation runs decide how much each kind counts. `auto`: a
    neural field beside the modulated decoder, where nodes have positions and the loss is `mse`;
    `none`: all networks have the same decoder. Where the stage continues with trained networks,
    all have the same, too."""
    refit: bool = True
    """Let each network learn from the validation runs too, in further steps at the end, and the
    Gaussian processes likewise. Only where there are test runs: without them, the validation runs
    say how large the errors are. Networks that continue with trained ones are not refitted."""
    loss: Loss = "mse"
    """Loss between decoded and true field (`e2e_loss_function`)."""
    field_weight: Positive = 1.0
    """Weight of that loss (`LC_alpha`)."""
    latent_weight: NonNegative = 1e-3
    """Weight of the distance of the predicted latents from the encoder's where trained networks go
    on (`latent_reg_weight`); 0 switches it off (`use_latent_regularization 0`). Networks from new
    weights get their encoder last, which has a weight of its own."""
    vae_path: str | None = None
    """File of the trained VAE to start from instead of running the stage `vae`
    (`e2e_vae_model_path`), relative to the study folder. The study's own file,
    `model_save/SimulGen-VAE`, means the VAE that the stage `vae` makes."""

    @property
    def replaces_other_stages(self) -> bool:
        """True if this stage trains all networks from new weights and needs no other stage."""
        return (
            self.enabled
            and self.from_scratch
            and self.decoder == "trained"
            and self.vae_path is None
        )


class AugmentationSettings(Group):
    """Settings that vary training runs while they are read.

    Condition and field remain a true pair. Validation and test runs are never varied.
    """

    flips: Flips = "auto"
    """Axes along which the problem is symmetric: each training run is also seen mirrored, image and
    field alike. `x` mirrors the columns of the image, `y` its rows; nodes are matched by their
    coordinates. `auto`: `x` and `y` where the training runs show the symmetry clearly; `none` or an
    empty list: no axes."""
    odd_variables: tuple[Annotated[str, Field(pattern=r"^[xyz]:.+$")], ...] = ()
    """Variables that change their sign when mirrored along an axis, as a vector's component along
    it does: `y:v` for the variable `v` and the axis `y`."""
    pixel_noise: NonNegative = 0.0
    """Standard deviation of noise on the images that the conditioner reads (pixels are 0 to 1)."""
    parameter_noise: NonNegative = 0.0
    """Standard deviation of noise on the parameters that the conditioner reads, each in units of
    its standard deviation."""
    field_noise: NonNegative = 0.0
    """Standard deviation of noise on the fields that the encoder reads, in units of each
    coefficient's standard deviation."""
    mixup: NonNegative = 0.0
    """Blend pairs of training runs, conditions and fields alike, with a weight from Beta(mixup,
    mixup). This assumes that fields change in proportion to conditions between any two designs,
    which is rarely true."""

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Axes to mirror along; none while it is not known what the runs show (``auto``)."""
        return () if isinstance(self.flips, str) else self.flips

    def mirrored(self, axes: Sequence[Axis], odd: Mapping[Axis, Sequence[str]]) -> Self:
        """Return these settings with axes of symmetry and the variables that are odd along each."""
        entries = tuple(f"{axis}:{name}" for axis in axes for name in odd.get(axis, ()))
        return self.model_copy(update={"flips": tuple(axes), "odd_variables": entries})

    @property
    def odd(self) -> dict[str, tuple[str, ...]]:
        """Variables that change their sign along each axis."""
        found: dict[str, tuple[str, ...]] = {}
        for entry in self.odd_variables:
            axis, variable = entry.split(":", 1)
            found[axis] = (*found.get(axis, ()), variable)
        return found

    @field_validator("flips", mode="before")
    @classmethod
    def _word(cls, value: object) -> object:
        # Files and the command line give a list where a setting may be one.
        words = [value] if isinstance(value, str) else value
        if isinstance(words, (list, tuple)) and len(words) == 1 and words[0] in {"auto", "none"}:
            return words[0]
        return words

    @model_validator(mode="after")
    def _mirrored_axes(self) -> Self:
        if unmirrored := [axis for axis in self.odd if axis not in self.axes]:
            raise ValueError(
                f"odd_variables are given for {', '.join(unmirrored)}, which flips does not name"
            )
        return self


Choice = bool | Literal["auto"]


class PerformanceSettings(Group):
    """Settings that make training faster or smaller; results change at most by rounding.

    What is `auto` is not used on a processor. On a GPU it is compared with the plain computation
    when a stage starts, and switched off, with a message, where it fails or gives other results.
    """

    mixed_precision: Choice = "auto"
    """Matrix products and convolutions in bfloat16, weights and sums in float32; `auto`: on GPUs
    that are built for it."""
    gradient_checkpointing: bool = False
    """Compute activations again in the backward pass instead of holding them: less memory, a longer
    step."""
    channels_last: bool = True
    """Memory order of images that convolutions prefer."""
    data_on_device: bool = True
    """Hold coefficients and images on the device. When false they stay in the computer's memory,
    also with `data.load_all`, and each batch is copied from pinned memory while the GPU
    computes."""
    compile: Choice = "auto"
    """Translate each stage's loss with `torch.compile`, which takes about a minute; `auto`: on a
    GPU, for stages of 20,000 steps or more."""
    cuda_graphs: Choice = "auto"
    """Used with `compile`: record a loss on the GPU once and replay it, which saves the time of
    launching its kernels; `auto`: wherever it is compiled on a GPU."""
    shard_nodes: bool = False
    """Used without a reduction and with several processes: each holds a part of the weights between
    nodes and channels, with their gradients and moments, for meshes whose weights fit no single GPU
    (`docs/scaling.md`). More is exchanged in each step, and nothing is compiled."""
    workers: Annotated[int, Field(ge=0, le=64)] | None = None
    """Threads that read runs ahead while the fields are reduced; as many as there are spare cores,
    at most 4, when not given. With any, a second block of runs is in memory."""

    @model_validator(mode="after")
    def _graphs_of_compiled(self) -> Self:
        if self.shard_nodes and (self.compile is True or self.cuda_graphs is True):
            raise ValueError("shard_nodes leaves no place for compile and cuda_graphs: choose one")
        if self.cuda_graphs is True and self.compile is False:
            raise ValueError("cuda_graphs needs compile: set both, or neither")
        return self


class TrainingSettings(Group):
    """Settings of training as a whole."""

    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device on which the networks are trained; `auto` takes a GPU where there is one."""
    seed: Seed = 0
    """Seed of weights, batches and noise."""
    optimizer: Literal["muon", "adamw"] = "muon"
    """`muon`: Muon for the weight matrices and AdamW for the rest; `adamw`: AdamW for all."""
    loss: Loss = "mse"
    """Reconstruction loss of the VAE (`Loss_type` 1 to 4)."""
    alpha: Positive = 1e6
    """Weight of the reconstruction loss against the summed KL divergence."""
    init_beta_divisor: NonNegative = 4.0
    """KL weight beta starts at 10 to minus this, until 30 % of the budget, and rises linearly to 1
    at 80 %."""
    max_grad_norm: Positive = 1.0
    """Gradients longer than this are scaled down to it."""
    skip_gradient: Positive = 1e3
    """A step whose gradient is longer than this is skipped and counted; where the first gradient of
    the stage is longer than 1, than this many times that one."""
    validate_every: Count = 10
    """Epochs between validations; the last epoch is always validated."""
    checkpoint_seconds: Positive = 20.0
    """Time between the checkpoints that `--resume` starts from."""
    rank_timeout: Positive = 1800.0
    """Seconds that one of several processes waits for another before training ends
    (`docs/scaling.md`)."""
    performance: PerformanceSettings = PerformanceSettings()
    augmentation: AugmentationSettings = AugmentationSettings()
    # One group per stage; the name of the group is the name of the stage.
    vae: StageSettings = StageSettings()
    conditioner: ConditionerStageSettings = ConditionerStageSettings()
    end_to_end: EndToEndSettings = EndToEndSettings()

    @classmethod
    def stage_names(cls) -> tuple[str, ...]:
        """Return the names of the groups that each hold the settings of one stage."""
        names = []
        for name, field in cls.model_fields.items():
            kind = field.annotation
            # Declarations such as `float | None` are no classes.
            if isinstance(kind, type) and issubclass(kind, StageSettings):
                names.append(name)
        return tuple(names)
