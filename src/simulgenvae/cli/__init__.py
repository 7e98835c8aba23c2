"""The command line: one small file per command, each with ``register`` (arguments) and ``run``."""

import os

# Threads that wait by spinning (OpenMP's default) take the processor from those that they wait for as soon as anything
# else runs on the machine: training then took 25 times as long. It is read once, when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
