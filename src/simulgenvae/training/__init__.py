"""Training: loop, stages, optimizers, checkpoints, memory and performance."""
