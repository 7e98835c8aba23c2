"""Runs of the demo are solved in several processes, and once only."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("skfem")
pytest.importorskip("pyvista")
problems = pytest.importorskip("simulgenvae.demo.problems")
solving = pytest.importorskip("simulgenvae.demo.solving")

PROBLEM = problems.PanelProblem(element_size=0.005)


def test_what_is_solved_is_not_solved_again(tmp_path: Path) -> None:
    designs = PROBLEM.sample(2)
    # The file of an earlier command that was stopped before the second run was finished.
    (tmp_path / "seconds.csv").write_text("run_000,1.250\n")
    seconds = solving.solve_runs(PROBLEM, designs, tmp_path, workers=1)
    assert list(seconds) == ["run_000", "run_001"]
    assert seconds["run_000"] == 1.25
    assert seconds["run_001"] > 0.0
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["run_001.npy"]
    np.testing.assert_array_equal(
        np.load(tmp_path / "runs" / "run_001.npy"), PROBLEM.solve(designs.inputs[1])
    )
    assert len((tmp_path / "params.csv").read_text().splitlines()) == 3
    assert solving.solve_runs(PROBLEM, designs, tmp_path) == pytest.approx(seconds, abs=1e-3)


PROGRAM = """
import sys
from pathlib import Path
from simulgenvae.demo.problems import PanelProblem
from simulgenvae.demo.solving import solve_runs

if __name__ == "__main__":
    problem = PanelProblem(element_size=0.005)
    solve_runs(problem, problem.sample(200), Path(sys.argv[1]), workers=1)
"""


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal of Unix")
def test_ctrl_c_ends_with_the_runs_that_are_finished(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    process = subprocess.Popen(
        [sys.executable, program, tmp_path / "solver"],
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    seconds = tmp_path / "solver" / "seconds.csv"
    while process.poll() is None and not (seconds.exists() and seconds.read_text()):
        time.sleep(0.1)
    # A terminal sends Ctrl-C to the processes of the pool, too.
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == -signal.SIGINT
    # The processes of the pool are silent.
    assert errors.count(b"Traceback") == 1
    finished = [line.split(",")[0] for line in seconds.read_text().splitlines()]
    assert 0 < len(finished) < 100
    assert {path.stem for path in (tmp_path / "solver" / "runs").iterdir()} >= set(finished)
