"""Labels of predictions in field data."""

from simulgenvae.data.prediction_labels import RESERVED, PredictionLabels, parameter_arrays

LABELS = PredictionLabels(
    "a", ("T", "p"), ("K", ""), "s", "mm", ("speed", "units"), ("m/s", ""), (0.1, "SI")
)


def test_labels_are_read_again_as_they_were() -> None:
    assert PredictionLabels.of_arrays(LABELS.arrays()) == LABELS
    bare = PredictionLabels("a", ("T",), ("",))
    assert PredictionLabels.of_arrays(bare.arrays()) == bare


def test_field_data_of_other_programs_are_no_labels() -> None:
    assert PredictionLabels.of_arrays({}) is None
    for name in LABELS.arrays():
        others = {key: value for key, value in LABELS.arrays().items() if key != name}
        if name not in {"time_unit", "length_unit"}:
            assert PredictionLabels.of_arrays(others) is None, name


def test_parameters_have_arrays_of_their_own() -> None:
    names = parameter_arrays(["a", "a/b", "a_b", *RESERVED])
    assert names[:3] == ["a", "a\N{DIVISION SLASH}b", "a_b"]
    assert len({*names, *RESERVED}) == len(names) + len(RESERVED)
