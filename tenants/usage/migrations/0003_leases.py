"""Holds are gone: what a call sets aside comes from its process's lease (`tenants/quotas`, `gateway.ship`)."""

from pathlib import Path

from django.db import migrations

WHOLE = (Path(__file__).parent / "0002_take_in.sql").read_text()
START, END = WHOLE.index("CREATE FUNCTION usage_take_in"), WHOLE.index("-- Give back what calls hold")
RELEASE = "    PERFORM usage_release(ARRAY(SELECT call_id FROM unnest(incoming) AS t WHERE source = 'gateway'));\n"
OLD = WHOLE[START:END].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
NEW = OLD.replace(RELEASE, "")
assert NEW != OLD


class Migration(migrations.Migration):
    dependencies = [("usage", "0002_take_in")]
    operations = [
        migrations.RunSQL(
            f"{NEW}\nDROP FUNCTION usage_release(text[]);",
            f"{WHOLE[END:]}\n{OLD}",
        )
    ]
