from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from simulgenvae.explorer.basis_network import basis_file
from simulgenvae.explorer.onnx_file import Session, exported, with_half_weights

pytest.importorskip("onnxscript")


class _Named(nn.Module):
    """Network with values in between, and outputs, that have the same names."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(40, 20)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        mean = self.layer(x).mean(0, keepdim=True)
        return mean, mean + 1, torch.ones(1)


@pytest.fixture(scope="module")
def network() -> tuple[_Named, bytes]:
    torch.manual_seed(0)
    named = _Named().requires_grad_(False)
    given = {"x": torch.ones(3, 40)}
    return named, exported(named, given, ["add", "mean", "one"], {"x": {0: "n"}})


def test_outputs_have_the_names_that_are_wanted(network: tuple[_Named, bytes]) -> None:
    named, file = network
    session = Session(file)
    assert session.inputs == ["x"]
    assert session.outputs == ["add", "mean", "one"]
    x = np.random.default_rng(0).random((7, 40), np.float32)
    expected = named(torch.from_numpy(x))
    # Inputs that the network does not have are not given to it.
    found = session({"x": x, "novelty": x})
    for array, tensor in zip(found.values(), expected, strict=True):
        np.testing.assert_allclose(array, tensor.numpy(), rtol=1e-5)
    assert str(__file__).encode() not in file


def test_half_weights_are_half_as_large(network: tuple[_Named, bytes]) -> None:
    _, file = network
    half = with_half_weights(file)
    assert len(file) - len(half) > 1.8 * 20 * 40
    x = np.random.default_rng(0).random((7, 40), np.float32)
    exact, found = Session(file)({"x": x})["mean"], Session(half)({"x": x})["mean"]
    assert 0 < np.abs(found - exact).max() < 2e-3


@pytest.mark.parametrize("in_16_bits", [False, True])
def test_modes_of_16_bits_are_nearly_exact(in_16_bits: bool) -> None:
    random = np.random.default_rng(0)
    basis = np.linalg.qr(random.normal(size=(500, 6)))[0].astype(np.float32)
    basis[:, 5] = 0  # a mode without entries
    rows = random.normal(size=(4, 6)).astype(np.float32)
    file = basis_file(basis, 6, in_16_bits=in_16_bits)
    found = Session(file)({"rows": rows})["states"]
    expected = rows @ basis.T
    assert np.abs(found - expected).max() < (5e-5 if in_16_bits else 1e-6) * np.ptp(expected)
    assert (len(file) < 500 * 6 * 3) is in_16_bits


def test_the_identity_returns_the_rows() -> None:
    rows = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(Session(basis_file(None, 3))({"rows": rows})["states"], rows)
