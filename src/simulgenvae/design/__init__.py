"""Which designs to solve next, what more runs would bring, and fields along the latents."""
