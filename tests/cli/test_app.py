from __future__ import annotations

import base64
import gzip
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from simulgenvae import Study
from simulgenvae.cli.main import main
from simulgenvae.explorer.container import unpack
from simulgenvae.explorer.server import PageServer
from tests.explorer.conftest import assets, exported_once, own_address

__all__ = ["assets", "exported_once"]

pytest.importorskip("onnxscript")

SERVED = """
import signal, sys
# A process that a shell starts in the background ignores Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
from pathlib import Path
import simulgenvae.explorer.page
simulgenvae.explorer.page.ASSETS = Path(sys.argv[1])
from simulgenvae.cli.main import main
sys.exit(main(["app", sys.argv[2], "--no-browser"]))
"""
HELD = """
import sys, time
from pathlib import Path
from simulgenvae.utils.lock import only_one
with only_one(Path(sys.argv[1]), "train", subject="S", advice=""):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_page_is_served_until_ctrl_c(assets: Path, board: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", SERVED, str(assets), str(board)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        address = re.match(r"http://127\.0\.0\.1:\d+/[\w-]{32}/", line)[0]
        with urllib.request.urlopen(address) as answer:
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert b'id="twin"' in answer.read()
    finally:
        process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


@pytest.mark.usefixtures("assets")
def test_a_port_in_use(board: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["app", str(board), "--no-browser", "--port", str(port)]) == 2
    assert f"--port {port}: another program uses this port" in capfd.readouterr().err


@pytest.mark.usefixtures("assets")
def test_a_study_without_a_model(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["app", str(tmp_path), "--no-browser"]) == 2
    assert "no study in this folder" in " ".join(capfd.readouterr().err.split())
    (tmp_path / "input_data").mkdir()
    assert main(["app", str(tmp_path), "--no-browser"]) == 2
    assert "train first" in " ".join(capfd.readouterr().err.split())


@pytest.mark.usefixtures("assets")
def test_a_study_that_is_being_trained(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    lock = Study.open(tmp_path).lock_file
    command = [sys.executable, "-c", HELD, str(lock)]
    training = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert training.stdout.readline() == "held\n"
        assert main(["app", str(tmp_path), "--no-browser"]) == 2
    finally:
        training.kill()
        training.wait()
    assert "is being trained, and has no model yet" in " ".join(capfd.readouterr().err.split())


def test_a_clone_without_built_assets(
    assets: Path, board: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (assets / "page.html").unlink()
    assert main(["app", str(board), "--no-browser"]) == 2
    assert "Build it with `make web`" in " ".join(capfd.readouterr().err.split())


@pytest.mark.usefixtures("assets")
def test_others_on_the_network_are_let_in_only_after_a_warning(
    board: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    host = own_address()

    def stop(server: PageServer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(PageServer, "serve_forever", stop)
    assert main(["app", str(board), "--no-browser", "--host", host]) == 0
    said = " ".join(capfd.readouterr().out.split())
    assert "warning: others on the network can open this page with its address" in said
    assert f"http://{host}:" in said


@pytest.mark.parametrize("host", ["0.0.0.0", "nonsense"])
@pytest.mark.usefixtures("assets")
def test_an_address_that_cannot_be_served(
    board: Path, host: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["app", str(board), "--no-browser", "--host", host]) == 2
    assert f"--host {host}" in capfd.readouterr().err.replace("'", "")


@pytest.mark.usefixtures("assets")
def test_the_browser_is_opened(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)

    def stop(server: PageServer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(PageServer, "serve_forever", stop)
    assert main(["app", str(board)]) == 0
    (address,) = opened
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{32}/", address)


@pytest.mark.usefixtures("assets")
def test_the_page_is_written_as_a_file(
    board: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    study = tmp_path / "S"
    shutil.copytree(board, study)
    with (study / "study.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n[quantities]\nwall = \"mean(temperature, nodes='wall.txt')\"\n")
    (study / "wall.txt").write_text("0\n3\n", encoding="utf-8")
    out = tmp_path / "twin.html"
    assert main(["export", str(study), "--out", str(out)]) == 0
    assert "on random designs it differs from the surrogate" in capfd.readouterr().out
    page = out.read_bytes()
    assert b"<title>S</title>" in page
    described = re.search(rb'id="twin">([^<]+)<', page)[1]
    about, _ = unpack(gzip.decompress(base64.b64decode(described)))
    assert [each["name"] for each in about["quantities"]] == ["wall"]
    assert main(["export", str(study), "--out", str(out)]) == 2
    assert "--overwrite" in capfd.readouterr().err
    assert out.read_bytes() == page
