"""What the API's views of supply share: who asks."""

from rest_framework.request import Request

from foundry.people.access import signed_in
from foundry.people.models import User


class Asked:
    """Who asks, and whether anybody does: the schema's generator looks at views without a person."""

    @property
    def person(self) -> User:
        request: Request = self.request  # type: ignore[attr-defined]  # every view has one
        return signed_in(request._request)

    @property
    def nobody(self) -> bool:
        return getattr(self, "swagger_fake_view", False)
