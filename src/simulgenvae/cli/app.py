"""``simulgenvae app``.

Tested in tests/cli/test_app.py.
"""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

import simulgenvae
from simulgenvae.cli.console import show
from simulgenvae.cli.groups import OUTPUT
from simulgenvae.cli.messages import Messages
from simulgenvae.cli.options import Folder, ModelName


def app(
    folder: Folder = Path(),
    /,
    *,
    model: ModelName = None,
    port: Annotated[
        int,
        Parameter(group=OUTPUT, validator=Number(gte=0, lte=65535), show_default="a free one"),
    ] = 0,
    host: Annotated[str | None, Parameter(group=OUTPUT, show_default="this machine alone")] = None,
    no_browser: Annotated[bool, Parameter(group=OUTPUT)] = False,
    messages: Messages = Messages(),
) -> None:
    """Move the inputs and see the field, in a browser.

    Parameters
    ----------
    port
        Port on this machine.
    host
        Address or name of this machine, by which others on the network can open the page.
    no_browser
        Only print the address.
    """
    study = simulgenvae.Study.open(folder, model)
    with study.serve(port, host) as server:
        show(f"{server.address} shows {study.folder}; Ctrl-C ends it")
        if not no_browser:
            webbrowser.open(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            show("ended")
