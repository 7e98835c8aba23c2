"""Datasets: the readers of files, conditions and their files, the store, the split, and checks."""
