"""Meshes of alike geometries, morphed onto that of one of the runs."""
