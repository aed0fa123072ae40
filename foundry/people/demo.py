"""The demo company's people. Their password is public: they exist only while FOUNDRY_DEMO is on."""

from typing import NamedTuple

PASSWORD = "foundry-demo"
DOMAIN = "foundry.example"


class DemoPerson(NamedTuple):
    """:param what: who that is. :param first: what to try first as this person."""

    email: str
    name: str
    what: str
    first: str
    roles: tuple[str, ...]


def person(short: str, name: str, what: str, first: str, roles: tuple[str, ...] = ()) -> DemoPerson:
    return DemoPerson(f"{short}@{DOMAIN}", name, what, first, roles)


PEOPLE = [
    person("olga", "Olga Ivanova", "Owner of team Copilot", "See what the team has and what is left"),
    person("mia", "Mia Chen", "Member of Copilot", "Ask for a model"),
    person("ada", "Ada Novak", "Admin and approver", "Decide what waits", ("admin",)),
    person("lee", "Lee Park", "Admin and approver", "Decide what Ada may not", ("admin",)),
    person("sam", "Sam Osei", "Security approver", "Look at confidential data", ("security",)),
    person("fin", "Fin Larsen", "Finance approver", "Look at what is expensive", ("finance",)),
    person("ops", "Oona Petit", "Ops", "Watch hosts, syncs and usage", ("ops",)),
    person("aud", "Audrey Roth", "Auditor", "Prove who allowed what", ("auditor",)),
    person("omar", "Omar Haddad", "Owner of team Search", "See a budget run out"),
    person("nina", "Nina Weber", "Signed in, in no team", "Find out how to join"),
]
