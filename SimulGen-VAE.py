"""Classic entry point: ``python SimulGen-VAE.py --preset=1 --plot=1`` in the folder of a study."""

import sys

from simulgenvae.cli.classic.simulgen_vae import main

if __name__ == "__main__":
    sys.exit(main())
