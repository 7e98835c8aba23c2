"""The one exception that users are meant to see.

Tested in tests/cli/test_bad_input.py.
"""


class UserError(Exception):
    """Mistake in the user's files, settings or arguments.

    The message says what is wrong, where (file, line, key, run id) and what to do. The command line
    prints it without a traceback and exits with code 2.

    Examples
    --------
    >>> import simulgenvae
    >>> try:
    ...     simulgenvae.load("nowhere")
    ... except simulgenvae.UserError as error:
    ...     print(error)
    nowhere: there is no such folder; give the folder of a study
    """
