"""probe"""
from tests.servers import Urls
import psycopg
def test_version(committed: Urls):
    with psycopg.connect(committed.gateway_url) as c:
        assert c.execute("select gateway.version()").fetchone()[0] > 0
        assert c.execute("select * from gateway.route").fetchall() == []
        assert c.execute("select * from gateway.ship('[]')").fetchone() == (0,0,[])
