# %% [markdown]
# # From arrays
#
# Fields as NumPy arrays and parameters as columns become a model that predicts the field of any design.
# The data here are a pulse of heat that moves along a rod and spreads; they take milliseconds to make.

# %%
import matplotlib.pyplot as plt
import numpy as np

import simulgenvae

x = np.linspace(0, 1, 101)
times = np.linspace(0, 1, 21)


def solve(speed, spread):
    """Return the temperatures `[timesteps, nodes]` of a design."""
    t = times[:, None]
    width = 0.003 + 2 * spread * t
    height = 50 * np.sqrt(0.003 / width)
    return 300 + height * np.exp(-((x - 0.2 - speed * t) ** 2) / width)


rng = np.random.default_rng(0)
designs = {"speed": rng.uniform(0.2, 0.6, 40), "spread": rng.uniform(0.01, 0.02, 40)}
fields = np.stack([solve(*design) for design in zip(*designs.values(), strict=True)])
fields.shape  # runs, timesteps, nodes

# %% [markdown]
# ## Train
#
# A few steps are enough to see how it works.
# Leave `settings` out to train as long as the data deserve, a minute or two here.

# %%
settings = simulgenvae.Settings.model_validate(
    {
        "model": {"filters": [32, 16], "width": 64},
        "training": {"end_to_end": {"steps": 60, "members": 1, "refit": False}},
    }
)
m = simulgenvae.fit(
    designs,
    fields,
    times=times,
    coords=x[:, None],
    variables=["temperature"],
    units=["K"],
    settings=settings,
)
m

# %% [markdown]
# ## Predict a design that was never solved
#
# The result is an xarray Dataset; each variable has its unit.

# %%
r = m.predict(speed=0.37, spread=0.013, samples=4)
r

# %% [markdown]
# The prediction at three times, and what the solver says:

# %%
figure, axes = plt.subplots(figsize=(7, 3))
truth = solve(0.37, 0.013)
for step in (0, 10, 20):
    at = r.isel(run=0, time=step)
    axes.plot(x, at.temperature, label=f"predicted, t = {times[step]:.1f} s")
    axes.fill_between(x, at.temperature_lower, at.temperature_upper, alpha=0.3)
    axes.plot(x, truth[step], "k:", label="solved" if step == 0 else None)
axes.set(xlabel="x [m]", ylabel="temperature [K]")
axes.legend()

# %%
error = np.abs(r.temperature.to_numpy()[0] - truth).max()
print(
    f"Largest error at any node and time: {error:.2f} K, where the pulse is {truth.max() - 300:.0f} K high"
)

# %% [markdown]
# ## How good is it?
#
# `score` is R² over all values of new runs; `simulgenvae evaluate` writes a whole report for a study on disk.

# %%
new = {"speed": [0.25, 0.45, 0.55], "spread": [0.012, 0.015, 0.018]}
m.score(new, [solve(*design) for design in zip(*new.values(), strict=True)])
