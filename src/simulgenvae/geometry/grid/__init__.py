"""Background grid: one regular grid that all geometries share, with a signed distance for each."""
