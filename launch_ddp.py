"""Train with one process per GPU, in the folder of a study.

``python launch_ddp.py --gpus 4 --preset 1 --size large``
"""

import sys
from pathlib import Path

from simulgenvae.cli.classic.launch_ddp import main

if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().with_name("SimulGen-VAE.py")))
