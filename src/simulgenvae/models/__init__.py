"""Networks and nothing else: no files, no loops."""

from simulgenvae.models.conditioner import MlpConditioner
from simulgenvae.models.latents import Gaussian, Latents, kl_divergence
from simulgenvae.models.losses import FieldLoss
from simulgenvae.models.vae import HierarchicalVae

__all__ = ["FieldLoss", "Gaussian", "HierarchicalVae", "Latents", "MlpConditioner", "kl_divergence"]
