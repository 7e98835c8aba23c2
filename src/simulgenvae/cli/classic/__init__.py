"""The classic scripts ``SimulGen-VAE.py`` and ``launch_ddp.py``."""
