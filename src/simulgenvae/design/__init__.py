"""Use of a surrogate: designs to solve next, benefit of more runs, fields along the latents."""
