from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.distributed.batch_shards import Dropout, Shard, draw_random, shard_draws

WHOLE, COUNT, STEP = st.integers(1, 40), st.integers(1, 8), st.integers(1, 5)


def _shards(whole: int, count: int) -> list[Shard]:
    return [Shard.of(whole, rank, count) for rank in range(count)]


@given(WHOLE, COUNT)
def test_shards_are_the_batch_with_no_run_left_out_or_twice(whole: int, count: int) -> None:
    shards = _shards(whole, count)
    own = [run for shard in shards if shard.has_runs for run in range(whole)[shard.runs]]
    assert own == list(range(whole))
    assert all(range(whole)[shard.runs] for shard in shards)
    sizes = [len(range(whole)[shard.runs]) if shard.has_runs else 0 for shard in shards]
    assert max(sizes) - min(sizes) <= 1


@given(WHOLE, COUNT)
def test_the_mean_of_contributions_is_that_of_the_batch(whole: int, count: int) -> None:
    values = torch.randn(whole, 2, dtype=torch.float64)
    parts = torch.stack([shard.mean(values[shard.runs]) for shard in _shards(whole, count)])
    torch.testing.assert_close(parts.mean(0), values.mean(0))


@given(WHOLE, COUNT, STEP)
def test_every_so_many_runs_are_shared_too(whole: int, count: int, step: int) -> None:
    values = torch.arange(whole, dtype=torch.float64)
    parts = []
    for shard in _shards(whole, count):
        few, fewer = shard.every_nth(step)
        some = values[shard.runs][few]
        assert len(some) == len(range(len(values[::step]))[fewer.runs]) > 0
        if fewer.has_runs:
            assert torch.equal(some, values[::step][fewer.runs])
        parts.append(fewer.mean(some))
    torch.testing.assert_close(torch.stack(parts).mean(0), values[::step].mean(0))


@given(WHOLE, COUNT)
def test_what_is_drawn_for_shards_is_what_is_drawn_for_the_batch(whole: int, count: int) -> None:
    def draw() -> torch.Tensor:
        torch.manual_seed(whole)
        first = draw_random(lambda runs: torch.randn(runs, 3), 1)
        return torch.cat([first, draw_random(lambda runs: torch.rand(runs, 2), 1)], 1)

    with shard_draws(Shard.of(whole, 0, 1)):
        expected = draw()
    for shard in _shards(whole, count):
        with shard_draws(shard):
            assert torch.equal(draw(), expected[shard.runs])


def test_without_a_shard_as_many_are_drawn_as_there_are() -> None:
    assert draw_random(torch.zeros, 5).shape == (5,)


def test_dropout_is_that_of_torch_and_off_in_evaluation() -> None:
    dropout, values = Dropout(0.4), torch.randn(50, 20)
    torch.manual_seed(0)
    expected = torch.nn.functional.dropout(values, 0.4)
    torch.manual_seed(0)
    assert torch.equal(dropout(values), expected)
    assert dropout.eval()(values) is values
