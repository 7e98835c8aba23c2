"""Training times, packages and names of peers."""

from collections.abc import Callable

import pytest

from benchmarks.accuracy.cases import Case, case_of
from benchmarks.accuracy.peers.registry import PEERS, Peer
from benchmarks.accuracy.problem import Problem
from benchmarks.accuracy.table import TITLES
from simulgenvae.errors import UserError

OURS = {
    "problem": "steady",
    "seed": 1,
    "method": "ours",
    "answers": {"ours": {"fit_seconds": 30.0}},
}


@pytest.fixture
def case(tiny: Callable[..., Problem]) -> Case:
    return case_of(tiny(), "steady", seed=1)


def test_a_peer_has_the_time_of_ours_or_what_is_asked(case: Case) -> None:
    assert PEERS["fno"].seconds(case, [OURS], None) == 30.0
    assert PEERS["fno_x10"].seconds(case, [OURS], None) == 300.0
    assert PEERS["fno"].seconds(case, [OURS], 7.0) == 7.0
    assert PEERS["fno_x10"].seconds(case, [], 7.0) == 70.0


@pytest.mark.parametrize("other", [{"seed": 0}, {"problem": "pulse"}, {"method": "none"}])
def test_the_time_of_another_training_is_none(case: Case, other: dict[str, object]) -> None:
    with pytest.raises(UserError, match="ours, which has no result for steady, seed 1"):
        PEERS["fno"].seconds(case, [OURS | other], None)


def test_a_package_that_is_missing_is_named(case: Case) -> None:
    with pytest.raises(UserError, match=r"needs the package no-such-package.*requirements-peers"):
        Peer("fno", ("numpy", "no-such-package")).about(1.0)


def test_keys_follow_the_time_and_the_versions(case: Case) -> None:
    peer = Peer("fno", ("numpy",))
    about = peer.about(1.0)
    assert set(about["versions"]) == {"numpy"}
    assert peer.key(case, about) == peer.key(case, peer.about(1.0))
    assert peer.key(case, about) != peer.key(case, peer.about(2.0))
    assert peer.key(case, about) != peer.key(case, about | {"versions": {"numpy": "0"}})


def test_every_peer_has_a_column() -> None:
    assert set(PEERS) <= set(TITLES)
