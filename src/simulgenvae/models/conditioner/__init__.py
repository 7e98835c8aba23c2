"""Conditioners: networks from the conditions of a design to its latents.

``conditioner`` is the whole network; ``table``, ``cnn`` and ``vit`` read one kind of condition
each, and ``base`` says what such a file holds. The names that settings give them are in
:mod:`simulgenvae.settings.networks`.
"""
