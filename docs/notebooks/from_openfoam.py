# %% [markdown]
# # From OpenFOAM
#
# Sixteen cases of a dam break, solved by interFoam on 12 x 12 cells, are in `dam_break.tar.xz` beside this file;
# [the tutorial](../openfoam.md) solves finer ones.
# A folder of such cases and a table of their parameters are all that is needed.

# %%
import subprocess
import tarfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import simulgenvae

with tarfile.open(Path(__file__).with_name("dam_break.tar.xz")) as archive:
    archive.extractall("dam", filter="data")
pd.read_csv("dam/params.csv").head(3)

# %% [markdown]
# ## Bring the cases into a study
#
# `ingest` reads the fraction of water `alpha.water` and the velocity `U` of every case, with mesh and times.
# The row of a case is found by the name of its folder.

# %%
command = "simulgenvae ingest S dam/cases --params dam/params.csv --fields alpha.water,U"
done = subprocess.run(command.split(), capture_output=True, text=True, check=True)
print(done.stdout)

# %% [markdown]
# ## Train and predict
#
# Few steps again; without `settings`, or with `simulgenvae train S`, it takes a minute or two.

# %%
settings = simulgenvae.Settings.model_validate(
    {
        "model": {"filters": [32, 16], "width": 64},
        "training": {"end_to_end": {"steps": 60, "members": 1, "refit": False}},
    }
)
m = simulgenvae.Study(Path("S")).train(settings)
m

# %%
r = m.predict(width=0.15, height=0.3, viscosity=1e-5)
r["alpha.water"]

# %% [markdown]
# ## See it
#
# The mesh came with the cases, so the fields of a design at a time are one PyVista grid.

# %%
figure, axes = plt.subplots(1, 3, figsize=(9, 3))
for panel, time in zip(axes, (0.0, 0.2, 0.4), strict=True):
    grid = r.simulgenvae.to_pyvista(time=time)
    panel.tricontourf(*grid.points[:, :2].T, grid.point_data["alpha.water"], levels=10)
    panel.set(title=f"t = {time} s", aspect="equal")

# %% [markdown]
# ParaView opens the same with `simulgenvae predict S --params new.csv --out new.pvd`.
