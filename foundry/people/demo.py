"""The demo company's people. Their password is public: they exist only while FOUNDRY_DEMO is on."""

PASSWORD = "foundry-demo"
DOMAIN = "foundry.example"


def person(short: str, name: str, what: str, first: str, roles: tuple[str, ...] = ()) -> dict[str, object]:
    return {"email": f"{short}@{DOMAIN}", "name": name, "what": what, "first": first, "roles": roles}


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
