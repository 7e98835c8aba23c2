"""Choice of the fields that all runs can give, from surveys of the runs.

Without a choice of the user, a field is read when at least half of the runs have it, at all
timesteps and at one place (nodes or cells). A run that lacks it is a bad run, and every other
field is left out with a remark.

Tested in tests/data/readers/runs/test_field_choice.py.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from simulgenvae.data.names import listed
from simulgenvae.errors import UserError
from simulgenvae.mesh.components import endings, whole_fields

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from simulgenvae.data.readers.runs.series import Kind
    from simulgenvae.data.readers.runs.survey import Survey


@dataclass(frozen=True)
class FieldChoice:
    """Fields that are read of every run.

    Attributes
    ----------
    variables
        Field and component by the name of the variable.
    kinds
        Place and number of components of each field that is read.
    problems
        What is wrong with a run that lacks one of them, by its name.
    remarks
        Lines on what happens to the fields that are not simply read.
    known
        Names of all fields that the surveys found.
    """

    variables: Mapping[str, tuple[str, int]]
    kinds: Mapping[str, Kind]
    problems: Mapping[str, str]
    remarks: tuple[str, ...]
    known: Collection[str]

    def with_field(self, name: str, kind: Kind) -> FieldChoice:
        """Return the choice with a further field."""
        kinds = {**self.kinds, name: kind}
        return replace(self, kinds=kinds, variables={**self.variables, **_components({name: kind})})


def choose_fields(
    surveys: Mapping[str, Survey], wanted: Sequence[str] | None, reference: str | None = None
) -> FieldChoice:
    """Return the fields to read.

    Parameters
    ----------
    surveys
        Surveys by the names of the runs; at least one.
    wanted
        Fields, or single components of them, in the order of the variables; None for all.
    reference
        Run whose fields are right; None for what most runs have.

    Raises
    ------
    UserError
        When no run has a wanted field, or none has it at all timesteps, and when no field is left.
    """
    # A reference counts more than any number of other runs.
    deciding = surveys
    if reference is not None and reference in surveys:
        deciding = {reference: surveys[reference]}
    path = next(iter(deciding.values())).path
    ancillary: set[str] = set()
    found: dict[str, None] = {}
    for run in surveys.values():
        ancillary.update(run.ancillary)
        found |= dict.fromkeys((*run.names, *run.left_out))
    if wanted is None:
        kinds = _kinds(deciding, least=len(deciding) / 2)
        own = _predicted(deciding)
        every = _components(kinds)
        variables = {name: every[name] for name in own if name in every}
        if own:
            # All other fields of a prediction belong to its variables.
            ancillary.update(set(found) - {field for field, _ in variables.values()})
        else:
            variables = {n: of for n, of in every.items() if of[0] not in ancillary}
    else:
        # A field that the user names is wanted even if few runs have it: the others are bad runs.
        kinds = _kinds(deciding, least=1)
        variables = _wanted(path, kinds, deciding, wanted)
    chosen = {field: kinds[field] for field, _ in variables.values()}
    others = [name for name in found if name not in chosen and name not in ancillary]
    left_out = [] if wanted is not None else _grouped({n: _reason(n, surveys) for n in others})
    if not variables:
        raise UserError("; ".join([f"{path}: holds no numbers at nodes or cells", *left_out]))
    problems: dict[str, str] = {}
    for name, run in surveys.items():
        lacking = [_lack(field, kind, run, surveys) for field, kind in chosen.items()]
        if any(lacking):
            common = _common(chosen, surveys)
            problems[name] = f"{run.path}: {'; '.join(filter(None, lacking))}{_way_out(common)}"
    remarks = (*left_out, *_treatment(surveys, chosen))
    belonging = [name for name in found if name in ancillary]
    if wanted is None and belonging:
        remarks = (
            *remarks,
            f"{', '.join(belonging)}: belong to other fields, as a standard deviation does: no "
            "variables, and read only where --fields names them",
        )
    return FieldChoice(variables, chosen, problems, remarks, found)


def _predicted(surveys: Mapping[str, Survey]) -> tuple[str, ...]:
    """Return the variables that all files say they predict; none for files of other programs."""
    said = {() if run.labels is None else run.labels.variables for run in surveys.values()}
    return said.pop() if len(said) == 1 else ()


def _kinds(surveys: Mapping[str, Survey], least: float) -> dict[str, Kind]:
    """Return the usual kind of each field that ``least`` runs have at all timesteps."""
    found: dict[str, Counter[Kind]] = {}
    for run in surveys.values():
        for name in run.names:
            kind = run.kind(name)
            if kind is not None:
                found.setdefault(name, Counter())[kind] += 1
    # Of two kinds that are as frequent, the first one counts.
    return {
        name: counts.most_common(1)[0][0]
        for name, counts in found.items()
        if counts.total() >= least
    }


def _components(kinds: Mapping[str, Kind]) -> dict[str, tuple[str, int]]:
    """Return the variables of fields: field and component by name."""
    every: dict[str, tuple[str, int]] = {}
    for name, kind in kinds.items():
        for component, ending in enumerate(endings(kind.components)):
            every[f"{name}{ending}"] = (name, component)
    return every


def _wanted(
    path: Path, kinds: Mapping[str, Kind], surveys: Mapping[str, Survey], wanted: Sequence[str]
) -> dict[str, tuple[str, int]]:
    """Return the variables of the wanted fields or components."""
    every = _components(kinds)
    keys = list(every)
    members = {key: [key] for key in every}
    # U also means U_x, U_y and U_z where the file has these as separate fields.
    for name, positions in whole_fields(keys).items():
        members[name] = [keys[position] for position in positions]
    fields: dict[str, list[str]] = {}
    for key, (field, _) in every.items():
        fields.setdefault(field, []).append(key)
    members |= fields
    unknown = [name for name in wanted if name not in members]
    reasons = {name: _irregularity(name, surveys) for name in unknown}
    irregular = {name: why for name, why in reasons.items() if why}
    if irregular:
        times = any(why.startswith("at time") for why in irregular.values())
        way_out = ", or take the timesteps that have it with --start and --end" if times else ""
        reasons_given = "; ".join(f"{name} is {why}" for name, why in irregular.items())
        raise UserError(f"{path}: {reasons_given}: leave it out of --fields{way_out}")
    if unknown:
        raise UserError(f"{path}: has no {listed(unknown)}; its fields are {', '.join(fields)}")
    chosen: dict[str, tuple[str, int]] = {}
    for name in wanted:
        chosen |= {key: every[key] for key in members[name]}
    return chosen


def _irregularity(name: str, surveys: Mapping[str, Survey]) -> str:
    """Return why the first run that has a field cannot give it; no text where none has it."""
    for run in surveys.values():
        if name in run.left_out or name in run.names:
            return run.irregularity(name)
    return ""


def _reason(name: str, surveys: Mapping[str, Survey]) -> str:
    """Return why a field is left out."""
    having = [run for run, found in surveys.items() if found.kind(name) is not None]
    if having:
        return f"in {len(having)} of {len(surveys)} compared runs only ({listed(having)})"
    count = sum(name in run.left_out or name in run.names for run in surveys.values())
    of_all = "" if count == len(surveys) else f", in {count} of {len(surveys)} compared runs"
    return f"{_irregularity(name, surveys)}{of_all}"


def _grouped(reasons: Mapping[str, str]) -> list[str]:
    """Return a line for each reason, with all fields that it is for."""
    fields: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        fields.setdefault(reason, []).append(name)
    return [f"{', '.join(names)}: {reason}: left out" for reason, names in fields.items()]


def _lack(field: str, kind: Kind, run: Survey, surveys: Mapping[str, Survey]) -> str:
    """Return how a run differs from most in a field; no text where it does not."""
    if run.kind(field) == kind:
        return ""
    count = sum(other.kind(field) == kind for other in surveys.values())
    most = f"{count} of {len(surveys)} compared runs"
    if field not in run.names and field not in run.left_out:
        return f"has no {field!r}, which {most} have"
    why = run.irregularity(field)
    if why:
        return f"has no {field!r} at all timesteps ({why}), as {most} have"
    own = run.kind(field)
    assert own is not None
    return f"{field!r} has {_words(own)}, but {_words(kind)} in {most}"


def _words(kind: Kind) -> str:
    place = "values in cells" if kind.in_cells else "values at nodes"
    return place if kind.components == 1 else f"{place} of {kind.components} components"


def _common(chosen: Mapping[str, Kind], surveys: Mapping[str, Survey]) -> list[str]:
    """Return the chosen fields that all runs have."""
    common = list(chosen)
    for run in surveys.values():
        common = [name for name in common if run.kind(name) == chosen[name]]
    return common


def _way_out(common: Sequence[str]) -> str:
    if not common:
        return ""
    return f": the fields that all runs have are taken with --fields {','.join(common)}"


def _treatment(surveys: Mapping[str, Survey], chosen: Mapping[str, Kind]) -> list[str]:
    """Return lines on what is done with the content of the files that is read."""
    lines: list[str] = []
    in_cells = [name for name, kind in chosen.items() if kind.in_cells]
    if in_cells:
        lines.append(
            f"{', '.join(in_cells)}: values in cells: a node gets the mean of the cells around it"
        )
    counts = Counter(chain.from_iterable(run.remarks for run in surveys.values()))
    for remark, count in counts.items():
        of_all = "" if count == len(surveys) else f" (in {count} of {len(surveys)} compared runs)"
        lines.append(f"{remark}{of_all}")
    return lines
