"""Optimisers of torch that do not load torch's compiler, which takes longer than a small training.

Methods of ``torch.optim`` are wrapped so that ``torch.compile`` leaves them out, and the first call
of a wrapper loads the compiler: a second on one core. Steps of optimisers are never compiled here,
so that the methods themselves are enough. Tested in tests/training/optim/test_eager.py.
"""

from __future__ import annotations

from inspect import unwrap

import torch


class EagerOptimizer(torch.optim.Optimizer):
    """Optimiser whose methods are not wrapped."""

    add_param_group = unwrap(torch.optim.Optimizer.add_param_group)
    load_state_dict = unwrap(torch.optim.Optimizer.load_state_dict)
    state_dict = unwrap(torch.optim.Optimizer.state_dict)
    zero_grad = unwrap(torch.optim.Optimizer.zero_grad)


class EagerAdamW(EagerOptimizer, torch.optim.AdamW):
    """``torch.optim.AdamW`` whose methods are not wrapped."""

    # The wrapper of a step does this, too.
    step = torch.no_grad()(unwrap(torch.optim.AdamW.step))
