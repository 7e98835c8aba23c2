"""``python -m simulgenvae``: the command ``simulgenvae``, where it is not on the path.

Tested in tests/test_main.py.
"""

import sys

from simulgenvae.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
