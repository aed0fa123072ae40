"""What `make test` needs beside the requirements: Chromium for the pages, and a host that nobody here wrote."""

import os
import shutil
import subprocess
import sys

from tests.foreign import install

PACKAGES = ["chromium", "fonts-inter"]


def main() -> None:
    chromium()
    foreign_host()


def chromium() -> None:
    """Installs it where that is possible."""
    if shutil.which("chromium") or shutil.which("google-chrome"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(
            "The browser tests need Chromium, and it is not on PATH.\n"
            "  mend it: sudo apt-get install chromium   # or leave them out: make check"
        )
    print("  installing chromium for the browser tests …", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=environment)
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES],
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
    )


def foreign_host() -> None:
    """So that no test's time goes into it. What could not be installed is judged by the tests: they fail, or say not run."""
    try:
        install.ready("host")
    except (install.Unreachable, install.Failed) as why:
        print(f"  {why}", flush=True)


if __name__ == "__main__":
    main()
