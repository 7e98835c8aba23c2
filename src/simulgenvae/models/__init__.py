"""Networks: the hierarchical VAE of a run's coefficients, and the conditioner.

The package has ``nn.Module`` classes and what describes them; it reads no files and trains nothing.

Tested in tests/models/test_networks.py.
"""

from typing import TYPE_CHECKING

from simulgenvae.utils.lazy_names import lazy_names

if TYPE_CHECKING:
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

# The record of a training is read without torch.
__getattr__ = lazy_names(
    __name__,
    {
        "Conditioner": "conditioner.conditioner",
        "FieldLoss": "losses",
        "Gaussian": "latents",
        "HierarchicalVae": "vae",
        "Inputs": "conditioner.base",
        "Latents": "latents",
        "kl_divergence": "latents",
    },
)
