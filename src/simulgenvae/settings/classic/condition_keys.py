"""Table of all keys of the classic ``condition.txt``, for its reader and the settings reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulgenvae.settings.classic.lines import number, whole_number
from simulgenvae.settings.networks import CONDITIONERS
from simulgenvae.settings.raw import RawSettings, RawValue
from simulgenvae.settings.schema import IMAGE_ENDINGS

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Key:
    """A key of ``condition.txt``."""

    settings: tuple[str, ...]
    """Dotted keys of the settings that it sets."""
    convert: Callable[[str], object]
    """Converter of its text. It raises ValueError with the reason for a text that is not accepted,
    and returns None to leave the settings unchanged."""


def _choice(**values: object) -> Callable[[str], object]:
    def convert(text: str) -> object:
        if text.casefold() not in values:
            raise ValueError(f"must be one of {', '.join(values)}")
        return values[text.casefold()]

    return convert


def _loss_type(text: str) -> str:
    losses = {"1": "mse", "2": "mae", "3": "smooth_l1", "4": "huber"}
    if text not in losses:
        raise ValueError("must be 1 (MSE), 2 (MAE), 3 (SmoothL1) or 4 (Huber)")
    return losses[text]


def _switch(on: object, off: object) -> Callable[[str], object]:
    def convert(text: str) -> object:
        if text not in ("0", "1"):
            raise ValueError("must be 0 (off) or 1 (on)")
        # Only 0 and 1 as in the classic system: `true` or `yes` would be guesses.
        return on if text == "1" else off

    return convert


def _input_type(text: str) -> str:
    kinds: dict[str, str] = {}
    for name, spec in CONDITIONERS.items():
        kinds |= dict.fromkeys(spec.input_types, name)
    if text.casefold() not in kinds:
        raise ValueError(f"must be one of {', '.join(kinds)}")
    return kinds[text.casefold()]


def _data_type(text: str) -> str:
    # Both `.png` and `png` are found in real studies, in any case.
    suffix = "." + text.casefold().removeprefix(".")
    if suffix not in (".csv", *IMAGE_ENDINGS):
        raise ValueError(f"must be one of .csv, {', '.join(IMAGE_ENDINGS)}")
    return suffix


CLASSIC_KEYS: dict[str, Key] = {
    "Dim1": Key(("data.runs",), whole_number),
    "Dim2": Key(("data.timesteps",), whole_number),
    "Dim3": Key(("data.nodes",), whole_number),
    "num_var": Key(("data.variables",), whole_number),
    "Dim2_red": Key(("data.first_timesteps",), whole_number),
    "Dim3_start": Key(("data.node_start",), whole_number),
    "Dim3_end": Key(("data.node_end",), whole_number),
    "param_dir": Key(("data.parameters",), str),
    "param_data_type": Key(("data.file_type",), _data_type),
    "input_type": Key(("conditioner.kind",), _input_type),
    "Training_epochs": Key(("training.vae.epochs",), whole_number),
    "Batch_size": Key(("training.vae.batch_size", "training.end_to_end.batch_size"), whole_number),
    "LearningR": Key(("training.vae.learning_rate",), number),
    "Latent_dim": Key(("model.hierarchical_dim",), whole_number),
    "Latent_dim_end": Key(("model.latent_dim",), whole_number),
    "Loss_type": Key(("training.loss",), _loss_type),
    "alpha": Key(("training.alpha",), number),
    "n_epoch": Key(("training.conditioner.epochs", "training.end_to_end.epochs"), whole_number),
    "latent_conditioner_lr": Key(
        ("training.conditioner.learning_rate", "training.end_to_end.learning_rate"), number
    ),
    "latent_conditioner_batch": Key(
        ("training.conditioner.batch_size", "training.end_to_end.batch_size"), whole_number
    ),
    "latent_conditioner_weight_decay": Key(
        ("training.conditioner.weight_decay", "training.end_to_end.weight_decay"), number
    ),
    "latent_conditioner_dropout_rate": Key(("conditioner.dropout",), number),
    "use_spatial_attention": Key(("conditioner.spatial_attention",), _switch(on=True, off=False)),
    "use_e2e_training": Key(("training.end_to_end.enabled",), _switch(on=True, off=False)),
    "e2e_loss_function": Key(
        ("training.end_to_end.loss",),
        _choice(mse="mse", mae="mae", huber="huber", smoothl1="smooth_l1"),
    ),
    "e2e_vae_model_path": Key(("training.end_to_end.vae_path",), str),
    "LC_alpha": Key(("training.end_to_end.field_weight",), number),
    "latent_reg_weight": Key(("training.end_to_end.latent_weight",), number),
    "use_latent_regularization": Key(
        ("training.end_to_end.latent_weight",), _switch(on=None, off=0.0)
    ),
}

# Settings with three states take the classic 0 and 1, too.
_AUTOMATIC = _choice(**{"auto": "auto", "1": True, "0": False})

ADDED_KEYS: dict[str, Key] = {
    "validation_fraction": Key(("data.validation_fraction",), number),
    "test_fraction": Key(("data.test_fraction",), number),
    "split_seed": Key(("data.split_seed",), whole_number),
    "reduction": Key(("reduction.method",), _choice(pod="pod", none="none")),
    "seed": Key(("training.seed",), whole_number),
    "device": Key(("training.device",), _choice(auto="auto", cpu="cpu", cuda="cuda")),
    "optimizer": Key(("training.optimizer",), _choice(muon="muon", adamw="adamw")),
    "validate_every": Key(("training.validate_every",), whole_number),
    "patience": Key(
        ("training.vae.patience", "training.conditioner.patience", "training.end_to_end.patience"),
        whole_number,
    ),
    "e2e_from_scratch": Key(("training.end_to_end.from_scratch",), _switch(on=True, off=False)),
    "e2e_decoder": Key(
        ("training.end_to_end.decoder",), _choice(frozen="frozen", trained="trained")
    ),
    "members": Key(("training.end_to_end.members",), whole_number),
    "gaussian_process": Key(
        ("prediction.gaussian_process",),
        _choice(**{"auto": "auto", "off": "off", "1": "auto", "0": "off"}),
    ),
    "flips": Key(("training.augmentation.flips",), str),
    "odd_variables": Key(("training.augmentation.odd_variables",), str),
    "pixel_noise": Key(("training.augmentation.pixel_noise",), number),
    "parameter_noise": Key(("training.augmentation.parameter_noise",), number),
    "field_noise": Key(("training.augmentation.field_noise",), number),
    "mixup": Key(("training.augmentation.mixup",), number),
    "mixed_precision": Key(("training.performance.mixed_precision",), _AUTOMATIC),
    "compile": Key(("training.performance.compile",), _AUTOMATIC),
    "gradient_checkpointing": Key(
        ("training.performance.gradient_checkpointing",), _switch(on=True, off=False)
    ),
}
"""Keys that this project has added to the classic interface."""

# If two keys set the same setting, the later row counts, whatever their order in the file.
CONDITION_KEYS: dict[str, Key] = CLASSIC_KEYS | ADDED_KEYS

# Keys of other versions of the classic system: files with them run, and a note gives this reason.
_AUGMENTED = (
    "flips, pixel_noise, parameter_noise, field_noise and mixup vary the training runs on the fly"
)
_ONE_LOSS = "the conditioner has one loss"
_NO_PCA = "images are not reduced by PCA"
_SAVE_MEMORY = "gradient_checkpointing 1 saves memory, in all stages"
_NO_OTHER_LEARNER = "the conditioner is a network; gaussian_process says what predicts besides it"

UNUSED: dict[str, str] = {
    "Stretch": "timesteps are used as they are",
    "Dim3_red": "Dim3_start and Dim3_end choose the nodes",
    "num_param": "the parameter table says how many parameters there are",
    "n_sample": "Dim1 says how many runs there are",
    "Recon_iter": "reconstruction uses the means of the latents, so once is enough",
    "rec_graph": "--plot says what becomes of the figures",
    "num_aug_f": _AUGMENTED,
    "num_aug_a": _AUGMENTED,
    "use_pca": _NO_PCA,
    "pca_components": _NO_PCA,
    "pca_patch_size": _NO_PCA,
    "use_enhanced_loss": _ONE_LOSS,
    "use_multiscale_loss": _ONE_LOSS,
    "use_perceptual_loss": _ONE_LOSS,
    "use_consistency_loss": _ONE_LOSS,
    "mse_weight": _ONE_LOSS,
    "mae_weight": _ONE_LOSS,
    "huber_weight": _ONE_LOSS,
    "huber_beta": _ONE_LOSS,
    "main_weight": _ONE_LOSS,
    "hier_weight": _ONE_LOSS,
    "perceptual_weight": _ONE_LOSS,
    "perceptual_feature_layers": _ONE_LOSS,
    "perceptual_similarity": _ONE_LOSS,
    "consistency_weight": _ONE_LOSS,
    "consistency_temperature": _ONE_LOSS,
    "consistency_detach_original": _ONE_LOSS,
    "e2e_conditioner_model_path": "the conditioner of the study is used",
    "e2e_memory_efficient": _SAVE_MEMORY,
    "e2e_gradient_checkpointing": _SAVE_MEMORY,
    "e2e_batch_reduction_factor": "latent_conditioner_batch holds for end-to-end training too",
    "use_improved_e2e": "there is one end-to-end training",
    "enhancement_preset": "each augmentation has its own key, such as pixel_noise",
    "debug_mode": "the files of TensorBoard always have the memory in use",
    "traditional_ml_mode": _NO_OTHER_LEARNER,
    "traditional_ml_n_components": _NO_OTHER_LEARNER,
    "traditional_ml_cv_folds": _NO_OTHER_LEARNER,
    "traditional_ml_scaler": _NO_OTHER_LEARNER,
    "traditional_ml_use_spatial_features": _NO_OTHER_LEARNER,
    "traditional_ml_feature_selection": _NO_OTHER_LEARNER,
    "traditional_ml_k_best": _NO_OTHER_LEARNER,
}
"""Reasons why keys of other versions have no effect, by key."""

OLD_KEYS: dict[str, str] = {
    "pinn_epoch": "n_epoch",
    "pinn_lr": "latent_conditioner_lr",
    "pinn_batch": "latent_conditioner_batch",
    "pinn_weight_decay": "latent_conditioner_weight_decay",
    "pinn_dropout_rate": "latent_conditioner_dropout_rate",
    "praam_data_type": "param_data_type",
}
"""Keys by the names that other versions gave them. The first ones called the conditioner PINN; the
misspelling is in one version's own file."""

CLASSIC_DEFAULTS: RawSettings = {
    "training.end_to_end.from_scratch": RawValue(False, "condition.txt", "e2e_from_scratch"),
    "data.validation_fraction": RawValue(0.1, "condition.txt", "validation_fraction"),
}
"""Settings of a study with a ``condition.txt``, where it gives no others: the stage end_to_end
continues with the VAE that the file configures, and so validation runs are not learned from."""

HEADINGS = frozenset(
    {"common params", "common parameters", "lsh-vae parameters", "latentconditioner"}
)
"""Lines without a value that old files use as headings, in lower case."""
