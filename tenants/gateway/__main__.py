"""`python -m tenants.gateway --port 8100`: one gateway process. Start as many as needed; they share nothing
but PostgreSQL."""

import argparse
import os

from tenants.gateway.app import Gateway
from tenants.gateway.config import Config
from tenants.gateway.seen import log_as_json
from tenants.gateway.server import serve


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The gateway: keys, limits, metering.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("GATEWAY_PORT", "8100")))
    return parser.parse_args()


if __name__ == "__main__":
    log_as_json()
    asked = arguments()
    serve(Gateway(Config.read()), asked.host, asked.port)
