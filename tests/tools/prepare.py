"""What `make test` needs beside Python: Chromium for the pages. Installs it where that is possible."""

import os
import shutil
import subprocess
import sys

PACKAGES = ["chromium", "fonts-inter"]


def main() -> None:
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


if __name__ == "__main__":
    main()
