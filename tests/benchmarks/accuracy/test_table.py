"""The tables of the suite, from results made by hand."""

from typing import Any

import pytest

from benchmarks.accuracy import table


def answer(mean: float | None, beyond: float | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "fit_seconds": 2.0,
        "predict_seconds_per_run": 0.004,
        "test": {"mean": mean},
    }
    return found if beyond is None else found | {"extrapolation": {"mean": beyond}}


def record(problem: str, seed: int, method: str, **answers: dict[str, Any]) -> dict[str, Any]:
    return {"problem": problem, "seed": seed, "method": method, "answers": answers}


RECORDS = [
    record("burgers", 0, "ours", ours=answer(0.01, 0.3)),
    record("burgers", 1, "ours", ours=answer(0.03)),
    record("burgers", 0, "baselines", pod_gpr=answer(0.04), projection_floor=answer(0.001)),
    record("burgers", 1, "baselines", pod_gpr=answer(0.06), projection_floor=answer(0.001)),
    record("burgers", 0, "ezyrb", ezyrb_pod_rbf_10=answer(0.03), ezyrb_pod_rbf_20=answer(0.1)),
    record("burgers", 1, "ezyrb", ezyrb_pod_rbf_10=answer(0.09), ezyrb_pod_rbf_20=answer(0.01)),
    record("steady", 0, "ours", ours=answer(0.09)),
    record("steady", 0, "baselines", pod_gpr=answer(0.1)),
]


def test_ratio_is_of_means_over_seeds_to_the_best_reference() -> None:
    burgers, steady = table.rows_of(RECORDS)
    assert burgers.best == "pod_gpr"
    assert burgers.ratio == pytest.approx(0.02 / 0.05)
    assert table.mean_error(burgers.answers["ezyrb_pod_rbf"]) == pytest.approx(0.055)
    assert steady.ratio == pytest.approx(0.9)


def test_ratio_counts_the_seeds_that_all_have() -> None:
    burgers = table.rows_of(RECORDS[:3])[0]
    assert burgers.ratio == pytest.approx(0.01 / 0.04)
    assert table.rows_of(RECORDS[1:3])[0].ratio is None


def test_baselines_with_mirror_images_have_a_ratio_of_their_own() -> None:
    mirrored = record("steady", 0, "baselines", pod_gpr=answer(0.1), pod_gpr_mirrored=answer(0.06))
    row = table.rows_of([RECORDS[6], mirrored])[0]
    assert row.best == "pod_gpr"
    assert (row.ratio, row.ratio_to_mirrored) == pytest.approx((0.9, 1.5))
    assert "steady: 1.500 of the best baseline that learned" in table.markdown(
        [RECORDS[6], mirrored]
    )
    assert table.rows_of(RECORDS)[0].ratio_to_mirrored is None


def test_peers_have_a_ratio_of_their_own() -> None:
    peers = [
        record("steady", 0, "fno", fno=answer(0.18)),
        record("steady", 0, "deeponet", deeponet=answer(0.05)),
        record("steady", 0, "pod_nn_x10", pod_nn_x10=answer(0.01)),
    ]
    row = table.rows_of([*RECORDS[6:], *peers])[0]
    assert row.best == "pod_gpr"
    assert (row.ratio, row.ratio_to_peers) == pytest.approx((0.9, 1.8))
    assert "steady: 1.800 of the best peer" in table.markdown([*RECORDS[6:], *peers])
    assert table.rows_of(RECORDS)[0].ratio_to_peers is None


def test_undefined_errors_make_no_ratio() -> None:
    row = table.rows_of([RECORDS[6], record("steady", 0, "baselines", pod_gpr=answer(None))])[0]
    assert row.ratio is None


def test_markdown_has_every_number_in_its_place() -> None:
    lines = table.markdown(RECORDS).splitlines()
    titles = next(line for line in lines if line.startswith("| problem"))
    assert titles.split(" | ")[2:] == [
        "SimulGenVAE",
        "POD + GPR",
        "EZyRB POD + RBF",
        "POD projection floor",
        "ratio |",
    ]
    assert "| burgers | 2 | 2 | **5** | 5.5 | 0.1 | 0.400 |" in lines
    assert "| steady | 1 | 9 | **10** | – | – | 0.900 |" in lines
    assert "Geometric mean of 2 ratios: **0.600**" in lines
    assert "| burgers | ezyrb_pod_rbf_20 | 5.5 | 2 |" in lines
    assert "| burgers | 2 | 4 | 4 | 4 | 4 |" in lines


def test_own_answers_have_tables_of_their_own() -> None:
    own = {
        "uncertainty_test": {"coverage": 0.9, "sd_ratio": 1.1},
        "uncertainty_extrapolation": {},
        "rank_correlation_of_expected_error": 0.5,
        "rank_correlation_of_novelty": 0.4,
        "reconstruction_test": 0.02,
        "quantities_test": {"peak": 0.8, "mean": 0.85, "probe": 1.0},
    }
    records = [
        record("steady", 0, "ours", ours=answer(0.04) | own),
        record("steady", 1, "ours", ours=answer(0.05) | own | {"quantities_test": {"peak": 0.9}}),
    ]
    lines = table.markdown(records).splitlines()
    assert "| steady | 0.900 | – | 1.100 | – | 0.500 | 0.400 |" in lines
    assert "| steady | 0.850 | 0.850 | 1.000 | 0.450 |" in lines
    assert "Quantities" not in table.markdown(RECORDS)
