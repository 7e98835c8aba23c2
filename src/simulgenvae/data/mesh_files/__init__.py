"""Meshes in files of their own, with the named sets of their nodes."""
