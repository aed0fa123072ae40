"""What the API's views of supply share: who asks, and a body that was checked."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from foundry.people.access import signed_in
from foundry.people.models import User


def read(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The checked body of a request. Raises DRF's ValidationError."""
    shape = serializer(data=request.data)
    shape.is_valid(raise_exception=True)
    checked: dict[str, Any] = shape.validated_data
    return checked


class Asked:
    """Who asks, and whether anybody does: the schema's generator looks at views without a person."""

    @property
    def person(self) -> User:
        request: Request = self.request  # type: ignore[attr-defined]  # every view has one
        return signed_in(request._request)

    @property
    def nobody(self) -> bool:
        return getattr(self, "swagger_fake_view", False)
