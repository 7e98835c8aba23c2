# %% [markdown]
# # From images
#
# Where designs differ in their layout, an image of each can take the place of parameters.
# The designs here are plates with one inclusion that conducts heat badly; the image shows where it is.

# %%
import matplotlib.pyplot as plt
import numpy as np

import simulgenvae
from simulgenvae.data.images import ImageFormat, Images

SIZE, TIMES = 16, np.linspace(0, 1, 6)
y, x = (axis.ravel() for axis in np.mgrid[0:1:16j, 0:1:16j])


def draw(place):
    """Return the image of a plate, bytes `[size, size]` with rows from the top."""
    distance = np.hypot(x - place[0], y - place[1]).reshape(SIZE, SIZE)
    return np.uint8(255 * (distance < 0.2))[::-1]


def solve(image):
    """Return temperatures `[timesteps, nodes]` of a plate that is heated from the left side."""
    conductivity = np.where(image[::-1] > 0, 0.1, 1.0)
    field, found = np.zeros((SIZE, SIZE)), []
    for step in range(101):
        if step % 20 == 0:
            found.append(field.ravel().copy())
        padded = np.pad(field, 1, mode="edge")
        padded[1:-1, 0] = 100
        spread = padded[2:, 1:-1] + padded[:-2, 1:-1] + padded[1:-1, 2:] + padded[1:-1, :-2]
        field = field + 0.2 * conductivity * (spread - 4 * field)
    return np.stack(found)


places = np.random.default_rng(0).uniform(0.2, 0.8, (30, 2))
images = np.stack([draw(place) for place in places])
fields = np.stack([solve(image) for image in images])
plt.imshow(images[0], cmap="gray")

# %% [markdown]
# ## Train
#
# `images` takes the place of a table of parameters; on the command line it is a folder, `simulgenvae ingest S fields.npy --images images/`.
# Few steps and a small network are enough to try it.

# %%
names = [f"plate_{k}" for k in range(len(images))]
pixels = Images(images[..., None], ImageFormat(SIZE, SIZE, channels=1, size=SIZE))
conditions = simulgenvae.Conditions.of_images(names, pixels)
settings = simulgenvae.Settings.model_validate(
    {
        "model": {"filters": [32, 16], "width": 64},
        "conditioner": {"filters": [8, 16]},
        "training": {"end_to_end": {"steps": 40, "members": 1, "refit": False}},
    }
)
m = simulgenvae.fit(
    conditions,
    fields,
    times=TIMES,
    coords=np.column_stack([x, y]),
    variables=["temperature"],
    units=["°C"],
    settings=settings,
)
m

# %% [markdown]
# ## Predict a layout that was never solved

# %%
image = draw((0.35, 0.6))
predicted = m.predict(images=image).temperature.to_numpy()[0, -1]
solved = solve(image)[-1]
figure, axes = plt.subplots(1, 3, figsize=(9, 3))
shown = {"image": image[::-1].ravel(), "predicted": predicted, "solved": solved}
for panel, (title, values) in zip(axes, shown.items(), strict=True):
    panel.imshow(values.reshape(SIZE, SIZE), origin="lower")
    panel.set_title(title)
print(f"Mean error {np.abs(predicted - solved).mean():.1f} °C")
