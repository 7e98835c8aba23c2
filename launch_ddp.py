"""Train with one process per GPU: `python launch_ddp.py --gpus 4 --preset 1 --size large` in the
folder of a study."""

import sys
from pathlib import Path

from simulgenvae.cli.classic.launch_ddp import main

if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().with_name("SimulGen-VAE.py")))
