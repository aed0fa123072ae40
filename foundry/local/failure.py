"""A start that cannot go on, said in two lines: what is wrong, and the command that mends it."""


class Failure(Exception):
    """:param what: what is wrong. :param mend: a command or setting that mends it."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}\n  mend it: {mend}")
        self.what, self.mend = what, mend
