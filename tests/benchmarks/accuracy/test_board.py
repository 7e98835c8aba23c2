"""The benchmark on the circuit board: its designs; the solver is tested with the demo."""

import numpy as np

import simulgenvae.demo.board as solver
from benchmarks.accuracy import board


def test_training_designs_are_those_of_the_solver_and_those_beyond_have_one_parameter_outside() -> (
    None
):
    np.testing.assert_array_equal(board.sample(8, 0, 0), solver.sample_designs(8)[1])
    table = board.sample_beyond(40, seed=1)
    outside = (table < solver.LOWER) | (table > solver.UPPER)
    assert (outside.sum(axis=1) == 1).all()
    assert outside.any(axis=0).all()
    width = np.where(
        solver.LOGARITHMIC, np.log(solver.UPPER / solver.LOWER), solver.UPPER - solver.LOWER
    )
    below, above = solver.LOWER - table, table - solver.UPPER
    logs = np.log(solver.LOWER / table), np.log(table / solver.UPPER)
    excess = np.where(solver.LOGARITHMIC, np.maximum(*logs), np.maximum(below, above)) / width
    assert excess.max() <= board.BEYOND + 1e-12


def test_problem_has_the_stated_shape() -> None:
    problem = board.make(train=2, test=1, extrapolation=1, element_size=0.02)
    assert problem.fields.shape == (4, len(solver.TIMES), len(problem.coords), 1)
    assert problem.fields.max() > solver.AMBIENT + 5.0
    np.testing.assert_array_equal(problem.fields[:2], board.make(2, 0, 0, element_size=0.02).fields)
