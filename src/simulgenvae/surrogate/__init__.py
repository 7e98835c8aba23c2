"""The trained surrogate: how it is fitted, what it predicts, and its files.

``fit``, ``at_stage`` and ``load_warm_start`` need training. Nothing else here imports it, so that
predicting does not: importing training takes as long as predicting a design.
"""
