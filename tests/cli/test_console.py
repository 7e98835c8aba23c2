from __future__ import annotations

import io
import logging

from rich.console import Console

from simulgenvae.cli.console import printing_on


def test_messages_are_printed_as_they_are_and_warnings_are_named() -> None:
    shown = io.StringIO()
    logger = logging.getLogger("simulgenvae.surrogate")
    with printing_on(Console(file=shown, width=20)):
        logger.info("note: run [a] has a name in brackets")
        logger.warning("%s is outside the trained range", "speed")
        logger.debug("nobody reads this")
    logger.info("afterwards")
    assert shown.getvalue().splitlines() == [
        "note: run [a] has a name in brackets",
        "warning: speed is outside the trained range",
    ]
    assert logging.getLogger("simulgenvae").level == logging.NOTSET
