"""The one exception for a user's mistake."""


class InputError(ValueError):
    """Bad input: the message names the offending value and the remedy.

    The command line prints the message and exits with code 2; everything else that estimators and
    drivers raise is a defect and keeps its traceback.
    """
