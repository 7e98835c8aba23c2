# %% [markdown]
# # Uncertainty and next designs
#
# A surrogate should say how far it can be trusted, and which simulation would help it most.

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import simulgenvae

x = np.linspace(0, 1, 61)
times = np.linspace(0, 1, 11)


def solve(speed, spread):
    """Return the temperatures `[timesteps, nodes]` of a pulse that moves and spreads."""
    t = times[:, None]
    width = 0.003 + 2 * spread * t
    height = 50 * np.sqrt(0.003 / width)
    return 300 + height * np.exp(-((x - 0.2 - speed * t) ** 2) / width)


rng = np.random.default_rng(0)
designs = {"speed": rng.uniform(0.2, 0.6, 24), "spread": rng.uniform(0.01, 0.02, 24)}
settings = simulgenvae.Settings.model_validate(
    {
        "model": {"filters": [32, 16], "width": 64},
        "training": {"end_to_end": {"steps": 60, "members": 2, "refit": False}},
    }
)
m = simulgenvae.fit(
    designs,
    [solve(*design) for design in zip(*designs.values(), strict=True)],
    times=times,
    coords=x[:, None],
    variables=["temperature"],
    units=["K"],
    settings=settings,
    study="S",
)

# %% [markdown]
# ## What a prediction says of itself
#
# With `samples`, each value has a standard deviation and an interval that is meant to hold 90 % of the true values.
# Each design has an *expected error* and a *novelty*; above 1 it is further from the training runs than any of these is from the others.

# %%
asked = {"speed": [0.4, 0.65], "spread": [0.015, 0.021]}
r = m.predict(asked, samples=8)
for name in ("expected_error", "novelty"):
    print(name, r[name].to_numpy().round(3))
print(r.attrs["warnings"])

# %% [markdown]
# The first design lies among the training runs, the second one far outside.

# %%
figure, axes = plt.subplots(1, 2, figsize=(9, 3), sharey=True)
for run, panel in enumerate(axes):
    at = r.isel(run=run, time=-1)
    panel.fill_between(x, at.temperature_lower, at.temperature_upper, alpha=0.3, label="90 %")
    panel.plot(x, at.temperature, label="predicted")
    panel.plot(x, solve(asked["speed"][run], asked["spread"][run])[-1], "k:", label="solved")
    panel.set(title=f"speed {asked['speed'][run]} m/s", xlabel="x [m]")
axes[0].set_ylabel("temperature [K]")
axes[0].legend()

# %% [markdown]
# ## A quantity with its band

# %%
found = m.quantities(asked, {"end of the rod": "max(temperature, node=60)"})
for name in ("lower", "value", "upper"):
    print(name, found[name].sel(quantity="end of the rod").to_numpy().round(1))

# %% [markdown]
# ## The next designs to solve
#
# `suggest` takes the designs whose solution would lower the expected error over the whole domain most.

# %%
suggestion = m.suggest(4)
designs = suggestion.designs
table = pd.DataFrame(designs.table, designs.ids, designs.names)
table.assign(expected_error=suggestion.errors).round(4)
