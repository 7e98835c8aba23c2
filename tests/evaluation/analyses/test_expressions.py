"""Expressions compute what Python would, say where they are wrong, and do only arithmetic."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.errors import UserError
from simulgenvae.evaluation.analyses.expressions import FUNCTIONS, parse_checks, parse_expression

KNOWN = ("u", "v", "wall shear", "a:b", "µ", "t", "x")
VALUES = {name: np.array([[0.5 + k, 1.5, 2.0]]) for k, name in enumerate(KNOWN)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.5*(u**2 + v**2)", lambda u, v, w: 0.5 * (u**2 + v**2)),
        ("-u + +v - 2/u", lambda u, v, w: -u + v - 2 / u),
        ("u**(1/2) * u**-1", lambda u, v, w: u**-0.5),
        ("`wall shear` * `u`", lambda u, v, w: w * u),
        ("max(u, `wall shear`, 1) - min(u, v)", lambda u, v, w: np.maximum(np.maximum(u, w), 1) - np.minimum(u, v)),
        ("sqrt(abs(-u)) + exp(u) + log(v) + sin(u) + cos(v)",
         lambda u, v, w: np.sqrt(u) + np.exp(u) + np.log(v) + np.sin(u) + np.cos(v)),
    ],
)  # fmt: skip
def test_arithmetic(text: str, expected: Callable[..., np.ndarray]) -> None:
    u, v, w = (VALUES[name] for name in ("u", "v", "wall shear"))
    np.testing.assert_allclose(parse_expression(text, KNOWN)(VALUES), expected(u, v, w))


def test_names_are_those_that_are_used() -> None:
    assert parse_expression("`a:b` + µ*`u`", KNOWN).names == {"a:b", "µ", "u"}
    np.testing.assert_array_equal(parse_expression("µ", KNOWN)(VALUES), VALUES["µ"])


@pytest.mark.parametrize(
    ("text", "position", "why"),
    [
        ("u + q", 5, "unknown name 'q': known are 'a:b'"),
        ("`µ` + `no`", 7, "unknown name 'no'"),
        ("µ + _aa", 5, "unknown name '_aa'"),
        ("`u`b", 1, "unknown name '`u`b'"),
        ("u + `v", 5, "backquote"),
        ("u # v", 3, "comments"),
        ("u.real", 1, "only numbers, names"),
        ("µ*u.real", 3, "only numbers, names"),
        ("u[0]", 1, "only numbers, names"),
        ("'a'", 1, "only numbers, names"),
        ("True + u", 1, "only numbers, names"),
        ("1j*u", 1, "only numbers, names"),
        ("lambda: u", 1, "only numbers, names"),
        ("[u for u in v]", 1, "only numbers, names"),
        ("u if v else x", 1, "only numbers, names"),
        ("u < v", 1, "only numbers, names"),
        ("u // v", 1, "only numbers, names"),
        ("(u := 2)", 2, "only numbers, names"),
        ("f'{u}'", 1, "only numbers, names"),
        ("sqrt(u, out=v)", 1, "only numbers, names"),
        ("sqrt(*u)", 6, "only numbers, names"),
        ("sqrt(**u)", 1, "only numbers, names"),
        ("u.__class__.__mro__[1].__subclasses__()", 1, "only numbers, names"),
        ("sqrt.__globals__", 1, "only numbers, names"),
        ("{u: v}", 1, "only numbers, names"),
        ("{u for u in v}", 1, "only numbers, names"),
        ("max(u for u in v)", 1, "two or more"),
        ("max(v, (u for u in v))", 8, "only numbers, names"),
        ("(u, v)", 1, "only numbers, names"),
        ("u and v", 1, "only numbers, names"),
        ("u @ v", 1, "only numbers, names"),
        ("u << 9", 1, "only numbers, names"),
        ("~u", 1, "only numbers, names"),
        ("await u", 1, "only numbers, names"),
        ("(yield)", 2, "only numbers, names"),
        ("b'a'", 1, "only numbers, names"),
        ("...", 1, "only numbers, names"),
        ("None", 1, "only numbers, names"),
        ("eval(u)", 1, "unknown function 'eval'"),
        ("power(u, 99)", 1, "unknown function 'power'"),
        ("ｓｑｒｔ(u)", 1, "unknown function 'ｓｑｒｔ'"),
        ("__builtins__", 1, "unknown name '__builtins__'"),
        ("u + __import__('os')", 5, "unknown function '__import__'"),
        ("`u`(v)", 1, "unknown function '`u`'"),
        ("sqrt(u)(v)", 1, "only numbers, names"),
        ("sqrt(u, v)", 1, "one argument"),
        ("max(u)", 1, "two or more"),
        ("sqrt", 1, "unknown name 'sqrt'"),
        ("u**v", 4, "an exponent must be a number"),
        ("u**(v - v)", 5, "an exponent must be a number"),
        ("u**17", 4, "between ±16"),
        ("u**exp(1)", 4, "an exponent must be a number"),
        ("u**(4**4**2)", 5, "between ±16"),
        ("u**(1/0)", 5, "between ±16"),
        ("u**(0/0)", 5, "between ±16"),
        ("9**9**9**9", 7, "between ±16"),
        ("u + 1e999", 5, "too large"),
        ("u + 9" + "9" * 400, 5, "too large"),
        ("u" + " + u" * 120, 1, "more than 100 operations"),
    ],
)
def test_what_is_refused_is_shown_with_its_place(text: str, position: int, why: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_expression(text, KNOWN)
    assert f"character {position}: " in str(caught.value)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "u +",
        "u u",
        "u)(v",
        "1_",
        "",
        "  ",
        "u" * 501,
        "u +\nv",
        "(" * 249 + "u" + ")" * 249,
        "-" * 499 + "u",
        "u\0",
    ],
)
def test_what_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(UserError):
        parse_expression(text, KNOWN)


@given(st.text(st.sampled_from("uv`+-*/().,12e_#[]'\"µ =:{}@;\\"), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        result = parse_expression(text, KNOWN)(VALUES)
    except UserError:
        return
    assert np.broadcast_shapes(result.shape, (1, 3)) == (1, 3)


def test_no_answer_is_not_a_number_and_no_warning() -> None:
    values = {"u": np.array([-1.0, 0.0])}
    assert np.isnan(parse_expression("log(u)", ["u"])(values)[0])
    assert np.isinf(parse_expression("1/u", ["u"])(values)[1])
    assert np.isinf(parse_expression("u + 1/0", ["u"])(values)).all()
    assert np.isnan(parse_expression("u + (-1)**0.5", ["u"])(values)).all()


def test_a_variable_may_have_the_name_of_a_function() -> None:
    values = {"sqrt": np.array([4.0]), "__builtins__": np.array([5.0])}
    assert parse_expression("sqrt(sqrt) + __builtins__**2", values)(values) == 27


def test_functions_are_listed() -> None:
    assert set(FUNCTIONS) == {"sqrt", "abs", "exp", "log", "sin", "cos", "min", "max"}


def test_checks_have_names() -> None:
    checks = parse_checks(["kinetic energy: 0.5*u**2", "moment:x*`a:b`"], ["u", "a:b"], ["x", "t"])
    assert {name: check.text for name, check in checks.items()} == {
        "kinetic energy": "0.5*u**2",
        "moment": "x*`a:b`",
    }


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        (["u**2"], "has no name"),
        (["e: u", "e: 2*u"], "occurs more than once"),
        ([": u"], "has no name"),
        (["e: x + t"], "uses no variable"),
        (["e: u + y"], "'e': expression 'u + y', character 5: unknown name 'y'"),
    ],
)
def test_bad_checks(entries: list[str], why: str) -> None:
    with pytest.raises(UserError, match=r"evaluation\.checks") as caught:
        parse_checks(entries, ["u"], ["x", "t"])
    assert why in str(caught.value)
