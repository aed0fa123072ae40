"""The line between one process and PostgreSQL, which can be cut and mended while everybody else's holds."""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = ".s.PGSQL.5432"


class Line:
    """A socket of our own before the server's. Cut, it ends what it carries and takes nothing new."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.server = f"{os.environ['TEST_POSTGRES_SOCKETS']}/{NAME}"
        self.carried: set[socket.socket] = set()
        self.listening: socket.socket | None = None

    def url(self, of: str) -> str:
        """The address of a database, over this line."""
        return of.replace(os.environ["TEST_POSTGRES_SOCKETS"], str(self.folder))

    def mend(self) -> None:
        listening = self.listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(self.folder / NAME))
        listening.listen(64)
        threading.Thread(target=self.take, args=(listening,), daemon=True).start()

    def cut(self) -> None:
        (self.folder / NAME).unlink()
        listening, self.listening = self.listening, None
        assert listening is not None
        for each in (listening, *self.carried):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self.carried.clear()

    def take(self, listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = listening.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.server)
                self.carried |= {caller, server}
                for one, other in ((caller, server), (server, caller)):
                    threading.Thread(target=self.carry, args=(one, other), daemon=True).start()

    def carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := one.recv(65_536):
                other.sendall(part)
        for each in (one, other):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def line(folder: Path) -> Iterator[Line]:
    made = Line(folder)
    made.mend()
    try:
        yield made
    finally:
        if made.listening is not None:
            made.cut()
