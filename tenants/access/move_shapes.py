"""What moves between a team's grants look like in the API."""

from typing import Any

from rest_framework import serializers

from tenants.access.amounts import read_amount, speak_amount
from tenants.access.models import MOVABLE, Move
from tenants.access.moving_rules import wrong


class MoveSerializer(serializers.ModelSerializer[Move]):
    """`giver` has `amount` less than before, `taker` as much more; `grants/?at=` tells both as of any moment."""

    team = serializers.CharField(source="giver.team.slug")
    kind = serializers.CharField(help_text="The limit: rpm, tpm, tokens_per_day and so on.")
    amount = serializers.SerializerMethodField(help_text="A whole number, or dollars as a decimal string.")
    by = serializers.CharField(source="by.name")

    class Meta:
        model = Move
        fields = ["id", "giver", "taker", "team", "kind", "amount", "reason", "by", "at"]

    def get_amount(self, row: Move) -> int | str:
        return speak_amount(row.kind, row.amount)


class NewMoveSerializer(serializers.Serializer[Any]):
    to = serializers.IntegerField(
        min_value=1, max_value=2**63 - 1, help_text="Another grant of the team, of the same offer or pool."
    )
    kind = serializers.ChoiceField(choices=MOVABLE)
    amount = serializers.CharField(max_length=40, help_text="A whole number, or dollars as a decimal string.")
    reason = serializers.CharField(max_length=2_000)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        try:
            return attrs | {"amount": read_amount(attrs["kind"], attrs["amount"])}
        except ValueError as error:
            raise wrong("amount", str(error), "Mend it.") from error
