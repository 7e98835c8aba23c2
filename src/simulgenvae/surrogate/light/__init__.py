"""Predictions of few designs without torch, which takes longer to load than they take.

The same model files, Gaussian processes and checks as elsewhere; only the networks and the modes
are evaluated with NumPy (``networks``, ``decoders``, ``pod``). ``load`` says which surrogates can
be read so: all others, and everything else than predicting, are torch's.
"""
