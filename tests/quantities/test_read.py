"""Texts of quantities, and the messages about those that cannot be read."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulgenvae.errors import UserError
from simulgenvae.quantities import FieldDomain, default_texts, named_texts, read_quantities
from simulgenvae.quantities.grammar import Request, parse


def test_grammar() -> None:
    assert parse("max(T)") == Request("max", ("T",), None, None)
    assert parse(" mean( `wall p`, times=(0, -1.5), box=[0,0,1,1] ) ") == Request(
        "mean", ("wall p",), ("box", (0.0, 0.0, 1.0, 1.0)), ("times", (0.0, -1.5))
    )
    assert parse("min(mag(u, `v 2`), node=3)").variables == ("u", "v 2")
    assert parse('mean(u, nodes="a b.txt")').region == ("nodes", "a b.txt")
    assert parse("max(T) < 350") == Request("max", ("T",), None, None, 350.0, "<")
    assert parse("min(T, time=1)>=-2.5").limit == -2.5
    for sign in ("<", "<=", ">", ">="):
        assert parse(f"max(T) {sign} 1").comparison == sign
    assert parse("max(T)").comparison is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be one line"),
        ("max(T", "cannot be read; write it as in max"),
        ("T", "is not one statistic of one variable"),
        ("max(T, u)", "is not one statistic of one variable"),
        ("max()", "is not one statistic of one variable"),
        ("maximum(T)", "there is no statistic 'maximum': did you mean 'max'"),
        ("max(T, bx=1)", "there is no argument 'bx': did you mean 'box'"),
        ("max(T, box=(0, 0), sphere=1)", "box and sphere are given"),
        ("max(T, time=0, times=(0, 1))", "time and times are given"),
        ("max(T + 1)", "a variable or mag"),
        ("max(mag(T))", "a variable or mag"),
        ("max(T, box=(x, 1))", "box is .*: give numbers"),
        ("max(T, node=True)", "node is True: give numbers"),
        ("max(T, **{'node': 1})", "no argument"),
        ("max(`T)", "backquote without a partner"),
        ("max(T) < U", "a limit is one number"),
        ("max(T) < 1 < 2", "a limit is one number after the quantity"),
        ("max(T) < (1, 2)", "a limit is one number"),
        ("max(T) < 1e999", "a limit is one number"),
        ("max(T) < '350'", "a limit is one number"),
        ("max(T) < True", "a limit is one number"),
        (f"max(T) < 1{'0' * 400}", "a limit is one number"),
        ("max(T) == 350", "a limit is one number"),
        ("350 > max(T)", "a limit is one number after the quantity"),
    ],
)
def test_refused_texts(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse(text)


@given(
    st.text(max_size=40) | st.from_regex(r"max\(T, (box|time)=\(?[0-9e.,-]*\)?\)", fullmatch=True)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UserError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max(U)", "there is no variable 'U': did you mean 'u'"),
        ("max(mag(u, `wall p`))", r"components of one unit, not u \[m/s\], wall p \[Pa\]"),
        ("max(mag(u, u))", "u is given twice"),
        ("max(u, time=4)", "time 4 is outside the span of the data, 0 to 3"),
        ("max(u, times=(0, 4))", "time 4 is outside the span"),
        ("max(u, times=(1.2, 1.4))", "there is no timestep from 1.2 to 1.4"),
        ("max(u, times=(1, 0))", "the first not above the second"),
        ("max(u, time=(0, 1))", "time is one number"),
        ("value(u, node=1)", "give one time, time="),
        ("value(u, time=1)", "give one place, point="),
        ("integral(u, node=1)", "there is no integral, as a point has no size"),
    ],
)
def test_refused_quantities(text: str, message: str, domain: FieldDomain) -> None:
    with pytest.raises(UserError, match=f"^quantity 'q': .*{message}"):
        read_quantities({"q": text}, domain)


def test_no_integral_without_cells(domain: FieldDomain) -> None:
    bare = replace(domain, mesh=type(domain.mesh)(domain.mesh.coords))
    with pytest.raises(UserError, match="no integral, as the mesh has no cells"):
        read_quantities({"q": "integral(u)"}, bare)


def test_positions_are_needed_for_places_only(domain: FieldDomain) -> None:
    bare = replace(domain, mesh=type(domain.mesh)())
    assert read_quantities({"q": "max(u)"}, bare).of_run(np.ones((3, 25, 3))).places.shape == (1, 0)
    with pytest.raises(UserError, match="a box needs the positions of the nodes"):
        read_quantities({"q": "max(u, box=(0, 0, 1, 1))"}, bare)


def test_texts_of_the_command_line() -> None:
    given = ["peak = max(T)", "outlet=mean(T, box=(0, 0, 1, 1))"]
    assert named_texts(given) == {"peak": "max(T)", "outlet": "mean(T, box=(0, 0, 1, 1))"}
    with pytest.raises(UserError, match="give it a name, such as"):
        named_texts(["mean(T, box=(0, 0, 1, 1))"])
    assert named_texts(["peak=max(T) <= 350"]) == {"peak": "max(T) <= 350"}
    with pytest.raises(UserError, match="'a' occurs more than once"):
        named_texts(["a=max(T)", "a=min(T)"])


def test_default_quantities(domain: FieldDomain) -> None:
    texts = default_texts(domain.variables)
    assert texts["maximum of wall p"] == "max(`wall p`)"
    assert len(read_quantities(texts, domain)) == 6
