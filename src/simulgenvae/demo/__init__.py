"""The demo: a finite-element solver, two studies made with it, and what they show.

It needs the packages of the extra ``mesh``.
"""
