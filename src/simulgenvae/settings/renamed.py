"""Settings that had another name in an earlier version, in files and on the command line.

Tested in tests/settings/test_renamed.py.
"""

from __future__ import annotations

from collections.abc import Mapping

RENAMED: Mapping[str, str] = {
    "training.speed": "training.performance",
    "training.clip_gradient": "training.max_grad_norm",
    "training.end_to_end.weight": "training.end_to_end.field_weight",
}
"""Names now, by the dotted names of versions up to 2.1."""


def current_name(key: str) -> str:
    """Return the name that a dotted key has now.

    >>> current_name("training.speed.workers"), current_name("training.seed")
    ('training.performance.workers', 'training.seed')
    """
    for old, new in RENAMED.items():
        if key == old or key.startswith(f"{old}."):
            return new + key.removeprefix(old)
    return key


def with_current_names(tree: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Return nested settings, such as a model file has, with their present names.

    The old and the new name of a setting are in the same group.
    """
    found: dict[str, object] = {}
    for name, value in tree.items():
        current = current_name(prefix + name)
        if isinstance(value, Mapping):
            value = with_current_names(value, f"{current}.")
        # Names of quantities may hold points: only a setting with another name is cut.
        found[name if current == prefix + name else current.rpartition(".")[2]] = value
    return found
