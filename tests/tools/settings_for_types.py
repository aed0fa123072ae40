"""Settings for the type checker, which reads them and starts nothing: any values do."""

import os

for name in ("FOUNDRY_SECRET_KEY", "FOUNDRY_AUDIT_KEY", "DATABASE_URL", "REDIS_URL"):
    os.environ.setdefault(name, "postgresql:///types")

from foundry.settings import *  # noqa: E402, F403
