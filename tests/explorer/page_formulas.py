"""What a page computes from its container, in Python: fields, uncertainty and scores of a design.

Nothing of the surrogate is used here: the container is all that a page has. Only the axes of
deviations come from the package; those of the page are tested in web/tests/model/principal.test.ts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulgenvae.explorer.container import unpack
from simulgenvae.explorer.onnx_file import Session
from simulgenvae.surrogate.ensemble.coefficient_prediction import principal_deviations


class Page:
    """A container that was read back, with its networks."""

    def __init__(self, container: bytes) -> None:
        self.about, self.arrays = unpack(container)
        networks = ("design", "coefficients", "basis")
        self.design, self.coefficients, self.basis = (
            Session(self.arrays[f"model.{name}"].tobytes()) for name in networks
        )
        self.variables = len(self.about["variables"])

    def predict(
        self, inputs: dict[str, np.ndarray], times: np.ndarray | None = None
    ) -> dict[str, Any]:
        """Return fields, std, lower and upper ``[t, M, V]`` of one design, and its scores.

        The floor of the variance and the expected error are those of the training times.
        """
        design = self.design(inputs)
        every = np.array(self.about["times"])
        shown = every if times is None else times
        mean, deviations = self._coefficients(design, shown)
        deviations = principal_deviations(deviations)
        all_mean, all_deviations = self._coefficients(design, every)
        factors = self.about["calibration"]
        fields = self._mean_fields(mean)
        variance = np.sum([np.square(self._deviating(each)) for each in deviations], axis=0)
        spread = np.sqrt(variance + self._floor(principal_deviations(all_deviations)))
        if "state.valued" in self.arrays:
            nothing = self.arrays["state.valued"] == 0
            fields[:, nothing] = np.nan
            spread[:, nothing] = np.nan
        half = factors["interval_factor"] * spread
        found = {
            "fields": fields,
            "std": factors["std_factor"] * spread,
            "lower": fields - half,
            "upper": fields + half,
            "expected_error": self._expected_error(all_mean, all_deviations),
        }
        if "novelty" in design:
            found["novelty"] = float(design["novelty"][0])
        return found

    def shape(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        """Return the shape ``[M, S]`` of one design."""
        rows = self.design(inputs)["shape"].astype(np.float32)
        mean = self.arrays["shape.mean"]
        change = Session(self.arrays["model.shape"].tobytes())({"rows": rows})["states"]
        return np.asarray(mean + change.reshape(mean.shape))

    def quantities(self, inputs: dict[str, np.ndarray]) -> list[dict[str, Any]]:
        """Return value, std, lower, upper, time and place of each quantity of one design."""
        design = self.design(inputs)
        found = self._outputs(design, np.array(self.about["times"]))
        bands = self.about["bands"]
        answers = []
        for quantity in self.about["quantities"]:
            value, time, place = self._number(quantity, found["mean"])
            numbers = [self._number(quantity, sample)[0] for sample in found["samples"]]
            variance = np.var(numbers, ddof=1) if len(numbers) > 1 else 0.0
            if bands["runs"]:
                part, typical = bands["typical_part"], quantity["typical"]
                spread = np.sqrt((1 - part) * variance + part * typical) if typical > 0 else 1.0
                std = quantity["std_factor"] * spread
            else:
                std = np.sqrt(variance)
            std *= float(design["widening"][0])
            value += quantity["correction"]
            half = bands["width"] * std
            answers.append(
                {"value": value, "std": std, "lower": value - half, "upper": value + half,
                 "time": time, "place": place}
            )  # fmt: skip
        return answers

    def _number(
        self, quantity: dict[str, Any], coefficients: np.ndarray
    ) -> tuple[float, float | None, np.ndarray | None]:
        """Return a quantity of coefficients ``[T, r]``, and where an extreme is."""
        arrays = {
            name: self.arrays[key] for name, key in quantity["arrays"].items() if key is not None
        }
        rows = coefficients[arrays["steps"]].astype(np.float64)
        weights = arrays["step_weights"]
        if quantity["one_time"]:
            rows, weights = (weights @ rows)[None], np.ones(1)
        if "modes" in arrays:
            values = arrays["mean"] + np.einsum("tr,mvr->tmv", rows, arrays["modes"])
        else:
            fields = self._mean_fields(rows.astype(np.float32))
            values = fields[:, arrays.get("rows", slice(None))][..., quantity["columns"]]
        values = values[..., 0] if values.shape[2] == 1 else np.linalg.norm(values, axis=2)
        if quantity["statistic"] in {"max", "min"}:
            sign = 1 if quantity["statistic"] == "max" else -1
            step, node = np.unravel_index(int(np.argmax(sign * values)), values.shape)
            time = self.about["times"][arrays["steps"][step]] if quantity["has_time"] else None
            place = arrays["coords"][node] if "coords" in arrays else None
            return float(values[step, node]), time, place
        return float(weights @ values.astype(np.float64) @ arrays["weights"]), None, None

    def _coefficients(
        self, design: dict[str, np.ndarray], times: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        found = self._outputs(design, times)
        return found["mean"], found["deviations"]

    def _outputs(self, design: dict[str, np.ndarray], times: np.ndarray) -> dict[str, np.ndarray]:
        trained = np.array(self.about["times"])
        span = trained[-1] - trained[0]
        unit = ((times - trained[0]) / (span if span > 0 else 1.0)).astype(np.float32)
        return self.coefficients({**design, "times": unit})

    def _states(self, coefficients: np.ndarray) -> np.ndarray:
        states = self.basis({"rows": coefficients})["states"]
        return states.reshape(len(coefficients), -1, self.variables)

    def _deviating(self, coefficients: np.ndarray) -> np.ndarray:
        factor = self.arrays["state.factor"]
        factor = factor if factor.size == self.variables else factor.reshape(-1, self.variables)
        return factor * self._states(coefficients)

    def _mean_fields(self, coefficients: np.ndarray) -> np.ndarray:
        mean = self.arrays["state.mean"].reshape(-1, self.variables)
        fields = mean + self._deviating(coefficients)
        offsets = self.arrays.get("state.offsets")
        return fields if offsets is None else fields.astype(np.float64) + offsets

    def _floor(self, deviations: np.ndarray) -> np.ndarray:
        gram = self.arrays["state.gram"]
        squares = np.einsum("dti,vij,dtj->v", deviations, gram, deviations, optimize=True)
        floor = self.about["variance_floor"] / deviations.shape[1] * squares
        return np.maximum(floor, np.finfo(np.float32).tiny)

    def _expected_error(self, mean: np.ndarray, deviations: np.ndarray) -> float | None:
        if not self.about["calibration"]["runs"]:
            return None
        total = np.square(deviations, dtype=np.float64).sum()
        variance = (1 + self.about["variance_floor"]) * total
        size = np.square((mean - self.arrays["state.uniform"]).astype(np.float64)).sum()
        return self.about["calibration"]["std_factor"] * float(np.sqrt(variance / size))
