"""Proposals of what another gateway held, read by the real action."""

import json
from datetime import datetime

from foundry.people.models import User
from tenants.moving import actions, litellm
from tenants.moving.models import Proposal
from tests.fakes.litellm import export


def proposal(by: User, at: datetime) -> Proposal:
    """The first of what the fake LiteLLM holds."""
    read = litellm.read(litellm.opened(json.dumps(export()).encode()), at.date())
    actions.take_in(read, source="LiteLLM", actor=by, at=at)
    return Proposal.objects.order_by("pk")[0]
