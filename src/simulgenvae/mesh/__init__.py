"""Meshes: nodes, cells, nodal volumes, interpolation, and VTK's grids."""
