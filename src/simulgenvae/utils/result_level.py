"""Level of results in the log, which ``--quiet`` shows as well as warnings.

Tested in tests/cli/test_messages.py.
"""

import logging

RESULT = (logging.INFO + logging.WARNING) // 2
"""Above what is said while a command works, and below a warning."""
