"""Measurements of SimulGenVAE: accuracy against other methods, speed and memory, several processes.

Each module is run from the repository's root, such as ``python -m benchmarks.accuracy.run``.
"""
