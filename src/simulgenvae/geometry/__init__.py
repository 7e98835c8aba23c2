"""Geometries that differ between runs, brought onto one common mesh."""
