from __future__ import annotations

import argparse
from dataclasses import asdict

import pytest

from simulgenvae.cli.launch import add_launch, without_launch
from simulgenvae.cli.launch_flags import LaunchFlags
from simulgenvae.cli.parser import parse

ALL = "--gpus 2 --nnodes 3 --node_rank 1 --master_addr here --master_port 4 --max_restarts 5"


def test_flags_and_defaults_are_those_of_the_classic_launcher() -> None:
    classic = argparse.ArgumentParser()
    add_launch(classic)
    assert asdict(LaunchFlags()) == vars(classic.parse_args([]))
    given = [*ALL.split(), "--timeout", "6"]
    flags = parse(["train", *given]).named["launch"]
    assert isinstance(flags, LaunchFlags)
    assert asdict(flags) == vars(classic.parse_args(given))


@pytest.mark.parametrize(
    ("arguments", "several"),
    [
        ([], False),
        (["--gpus", "1"], False),
        (["--gpus", "2"], True),
        (["--nnodes", "2"], True),
        (["--max-restarts", "1"], True),
    ],
)
def test_one_process_that_is_never_restarted_needs_no_launch(
    arguments: list[str], several: bool
) -> None:
    flags = parse(["train", *arguments, "--master-port", "4"]).named["launch"]
    assert isinstance(flags, LaunchFlags)
    assert flags.several == several


def test_each_process_gets_the_command_without_them() -> None:
    command = ["train", "study", "--set", "a.b=c", "--resume"]
    assert without_launch([*command[:2], *ALL.split(), *command[2:]]) == command
