from __future__ import annotations

import io
import logging

import pytest
from rich.console import Console
from rich.table import Table

from simulgenvae.cli.console import printing_on, show
from simulgenvae.cli.guard import guarded
from simulgenvae.errors import UserError
from simulgenvae.utils.progress import WorkLog

TEXT = "[red]bad[/red] [0.5] :cross_mark: [/]"


def test_what_looks_like_markup_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Names of runs and files may hold anything; tables, too, show them as they are."""

    def command(console: Console) -> None:
        table = Table(TEXT, title=TEXT, caption=TEXT)
        table.add_row(TEXT)
        show(TEXT, table)
        logging.getLogger("simulgenvae").warning(TEXT)
        with WorkLog() as log:
            log.message(TEXT)
        raise UserError(TEXT)

    assert guarded(command) == 2
    out, errors = capsys.readouterr()
    assert out.count(TEXT) == 7
    assert f"error: {TEXT}" in errors


def test_messages_are_printed_as_they_are_and_warnings_are_named() -> None:
    shown = io.StringIO()
    logger = logging.getLogger("simulgenvae.surrogate")
    with printing_on(Console(file=shown, width=20)):
        logger.info("note: run [a] has a name :x: in brackets")
        logger.warning("%s is outside the trained range", "speed")
        logger.debug("nobody reads this")
    logger.info("afterwards")
    assert shown.getvalue().splitlines() == [
        "note: run [a] has a name :x: in brackets",
        "warning: speed is outside the trained range",
    ]
    assert logging.getLogger("simulgenvae").level == logging.NOTSET
