"""Regression from conditions to POD amplitudes: the simple methods that surrogates are compared and
combined with."""
