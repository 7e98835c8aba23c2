"""Readers of the classic text files ``condition.txt`` and ``preset.txt``."""
