"""`python -m tenants.gateway --port 8100`: one gateway process. Start as many as needed; they share nothing
but PostgreSQL."""

import argparse
import logging
import os

import uvicorn

from tenants.gateway.app import Gateway
from tenants.gateway.config import Config


def serve(application: Gateway, host: str, port: int) -> None:
    """Until SIGTERM; calls that run then get ten seconds."""
    uvicorn.run(
        application, host=host, port=port, loop="uvloop", http="httptools", lifespan="on", access_log=False,
        log_level="warning", backlog=4096, timeout_keep_alive=75, timeout_graceful_shutdown=9, server_header=False,
        date_header=False, proxy_headers=False, ws="none",
    )  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The gateway: keys, limits, metering.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=int(os.environ.get("GATEWAY_PORT", "8100")))
    return parser.parse_args()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    asked = arguments()
    serve(Gateway(Config.read()), asked.host, asked.port)
