"""Sizes of a neural field that are no settings, for its evaluation with torch and without.

Tested in tests/models/decoders/test_neural_field.py and tests/surrogate/test_light.py.
"""

from __future__ import annotations

LAYERS = 4
"""Number of modulated layers."""
POSITION_FEATURES = 24
"""Number of sine-cosine pairs of the position."""
FIXED_TIMES = 8
"""Number of sine-cosine pairs of time with frequencies that do not depend on the latents."""
