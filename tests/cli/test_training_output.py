"""Output of a training as an engineer reads it, from the real command line."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from simulgenvae.surrogate.ensemble.build import build_ensemble
from simulgenvae.training.stages.end_to_end import EndToEndStage
from simulgenvae.training.stages.refit import RefitStage

TIME = r"\d\d:\d\d:\d\d  "
LEFT = r"(  about \d+ (s|min|h) left)?"
PLAN = r"phase \d of \d: [a-zA-Z0-9, ]+  \d+ % done"
ERROR = r"(  (reconstruction )?error [0-9.,]+ %(, best [0-9.,]+ %)?)?"
ALLOWED = (
    "note: without effect: training.conditioner, training.vae. .+",
    rf"{TIME}Progress is also written to .+",
    rf"{TIME}Training on the CPU \(\d+ threads?\), in 6 phases: 8 training runs, 3 validation runs, "
    r"1 test run that nothing learns from",
    rf"{TIME}Errors are relative L2 errors of the validation runs, measured as in the report",
    rf"{TIME}{PLAN}{ERROR}{LEFT}",
    rf"{TIME}[a-zA-Z0-9 ]+ is trained: (reconstruction )?error [0-9.,]+ %",
    rf"{TIME}In the prediction, Gaussian processes have the weight [01]\.\d\d and networks .+",
    r"On 1 run it has not seen: [0-9.,]+ %\. Best baseline \([A-Za-z +]+\): [0-9.,]+ %\.",
    r"warning: (network \d|encoder)(, network 2)?(, encoder)?: [a-z ]+\. .+\.",
    r"The model is in .+",
    r"Next: simulgenvae evaluate .+",
)


def _shares(text: str) -> list[int]:
    return [int(share) for share in re.findall(r"(\d+) % done", text)]


def test_every_line_of_a_training_is_for_people(cli: Any, ingested: Path) -> None:
    done = cli("train", ingested)
    assert done.code == 0, done.err
    assert done.err == ""
    lines = done.out.splitlines()
    strange = [line for line in lines if not any(re.fullmatch(each, line) for each in ALLOWED)]
    assert strange == []
    said = [line for line in lines if line.startswith("warning: ")]
    causes = [line.split(": ")[2].split(".")[0] for line in said]
    assert len(causes) == len(set(causes)), "a cause is told once"
    assert _shares(done.out) == sorted(_shares(done.out))
    log = (ingested / "output/training.log").read_text()
    assert ", loss " in log
    for line in said:
        assert line in log


def test_a_quiet_training_says_its_result(cli: Any, ingested: Path) -> None:
    done = cli("train", ingested, "-q")
    assert (done.code, done.err) == (0, "")
    lines = [line for line in done.out.splitlines() if not line.startswith("warning: ")]
    assert [line.split()[0] for line in lines] == ["On", "The"], "error and place of the model"


def test_developers_see_losses_and_warnings_of_libraries(
    cli: Any, ingested: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "simulgenvae.surrogate.fit.build_ensemble"

    def warning(*arguments: Any) -> Any:
        warnings.warn("lbfgs failed to converge", RuntimeWarning, stacklevel=1)
        return build_ensemble(*arguments)

    monkeypatch.setattr(name, warning)
    shown = cli("train", ingested, "-v")
    assert ", loss " in shown.out
    assert shown.err == "RuntimeWarning: lbfgs failed to converge\n"
    hidden = cli("train", ingested, "--overwrite")
    assert (hidden.code, hidden.err) == (0, "")
    assert ", loss " not in hidden.out


@pytest.mark.parametrize("stage", [EndToEndStage, RefitStage])
def test_a_resumed_training_has_the_share_of_the_whole_that_it_had(
    cli: Any, ingested: Path, monkeypatch: pytest.MonkeyPatch, stage: type[EndToEndStage]
) -> None:
    losses = EndToEndStage.losses

    def pressing_ctrl_c(self: EndToEndStage, *arguments: Any) -> Any:
        if self.member == 2 and type(self) is stage:
            raise KeyboardInterrupt
        return losses(self, *arguments)

    change = ("--set", "training.end_to_end.refit=true")
    with monkeypatch.context() as patch:
        patch.setattr(EndToEndStage, "losses", pressing_ctrl_c)
        stopped = cli("train", ingested, *change)
    assert stopped.code == 130
    resumed = cli("train", ingested, *change, "--resume")
    assert resumed.code == 0, resumed.err
    before, after = _shares(stopped.out), _shares(resumed.out)
    assert 0 < before[-1] == after[0] < after[-1]
    number = 4 if stage is EndToEndStage else 5
    assert f"phase {number} of 8: network 2 of 2" in resumed.out
