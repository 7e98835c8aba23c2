"""From files of results and parameters to a stored dataset."""
