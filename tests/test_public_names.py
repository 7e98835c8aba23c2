"""The names that users import from the package, without the cost of torch until they are used."""

import subprocess
import sys

import pytest

import simulgenvae


def test_every_public_name_exists() -> None:
    assert {name: getattr(simulgenvae, name).__name__ for name in simulgenvae.__all__} == {
        name: name for name in simulgenvae.__all__
    }


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Surogate'"):
        simulgenvae.Surogate  # noqa: B018 - the access is what fails


def test_importing_the_package_does_not_load_torch() -> None:
    code = "import sys, simulgenvae; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
