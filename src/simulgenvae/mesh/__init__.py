"""Meshes: their nodes, cells, volumes, and VTK's grids."""
