"""Networks: the hierarchical VAE of a run's coefficients, and the conditioner.

The package has ``nn.Module`` classes and what describes them; it reads no files and trains nothing.
"""

from simulgenvae.models.conditioner.base import Inputs
from simulgenvae.models.conditioner.conditioner import Conditioner
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
