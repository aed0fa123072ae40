"""A host that no listing tells of: people write down what it will serve."""

from collections.abc import Iterator

from catalog.connectors.base import Http, Kind, Listing, ListingBroken, Page


class Manual(Kind):
    """Its offers are made by hand; nothing is ever asked."""

    name = "manual"
    label = "By hand"
    credential_hint = "None: nothing is asked."
    needs_network = False
    lists = False

    def check(self, http: Http) -> str:
        raise self.nothing()

    def fetch(self, http: Http) -> Iterator[Page]:
        raise self.nothing()

    def read(self, page: Page) -> Listing:
        raise self.nothing()

    def nothing(self) -> ListingBroken:
        return ListingBroken(
            "host", "offers here are made by hand; there is no listing", "Change them on the host's page."
        )
