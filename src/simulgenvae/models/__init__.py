"""Networks and nothing else: no files, no loops."""

from simulgenvae.models.conditioner.conditioner import Conditioner, Inputs
from simulgenvae.models.latents import Gaussian, Latents, kl_divergence
from simulgenvae.models.losses import FieldLoss
from simulgenvae.models.vae import HierarchicalVae

__all__ = [
    "Conditioner",
    "FieldLoss",
    "Gaussian",
    "HierarchicalVae",
    "Inputs",
    "Latents",
    "kl_divergence",
]
