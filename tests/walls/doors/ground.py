"""People, status, audit, and what people are told."""

from tests.walls.doors.table import (
    ADMIN_ACTS,
    ADMIN_READS,
    API_SIGNED_IN,
    EMPTY_FOR_OTHERS,
    EVERYBODY,
    SIGNED_IN,
    Door,
    always,
    one_notice,
)

API_READERS = "401 403 403 403 403 200 403 200 403 403"


GROUND = [
    Door("get", "home", SIGNED_IN),
    Door("get", "status", "302 403 403 403 403 200 200 403 403 403"),
    Door("get", "styleguide", SIGNED_IN),
    Door("get", "healthz", EVERYBODY),
    Door("get", "metrics", EVERYBODY),
    Door("get", "login", "200 302 302 302 302 302 302 302 302 302"),
    Door("post", "logout", "302 302 302 302 302 302 302 302 302 302"),
    Door("get", "logout", "405 405 405 405 405 405 405 405 405 405"),
    Door("get", "sign-in-link", EVERYBODY, {"secret": "unknown"}),
    Door("get", "settings", SIGNED_IN),
    Door("post", "token-revoke", "302 404 404 302 404 404 404 404 404 404", {"token_id": "token.pk"}),
    Door("get", "audit", "302 403 403 403 403 200 403 200 403 403"),
    Door("get", "audit-question", "302 403 403 403 403 200 403 200 403 403", {"name": "access"}),
    Door("get", "audit-question-csv", "302 403 403 403 403 200 403 200 403 403", {"name": "exceptions"}),
    Door("get", "schema", EVERYBODY),
    Door("get", "api-docs", EVERYBODY),
    Door("get", "api:me-list", API_SIGNED_IN),
    Door("get", "api:audit-list", "401 200 200 200 200 200 200 200 200 200", note="others see an empty list"),
    Door("get", "api:audit-question-list", API_READERS),
    Door("get", "api:audit-question-detail", API_READERS, {"name": "access"}),
    Door("get", "api:audit-question-csv", API_READERS, {"name": "exceptions"}),
    Door("get", "api:audit-detail", "401 404 404 404 404 200 404 200 404 404", {"pk": "1"}),
]


HOOK, DELIVERY, NOTICE = {"hook_id": "hook.pk"}, {"delivery_id": "delivery.pk"}, {"pk": "notice.pk"}


MINE_ONLY = "401 404 404 200 404 404 404 404 404 404"


HOOK_FORM = always(name="Chat", kind="slack", address="https://hooks.example/x")


NOTIFY = [
    Door("get", "inbox", SIGNED_IN),
    Door("post", "inbox-read", "302 404 404 302 404 404 404 404 404 404", body=one_notice),
    Door("post", "inbox-preset", "302 302 302 302 302 302 302 302 302 302", body=always(preset="digest")),
    Door("get", "hooks", ADMIN_READS),
    Door("post", "hooks", "302 403 403 403 403 200 403 403 403 403", body=HOOK_FORM),
    Door("get", "hook", ADMIN_READS, HOOK),
    Door("post", "hook-switch", ADMIN_ACTS, HOOK, always(on="")),
    Door("post", "hook-try", ADMIN_ACTS, HOOK),
    Door("post", "hook-again", ADMIN_ACTS, DELIVERY),
    Door("get", "api:notice-list", API_SIGNED_IN),
    Door("get", "api:notice-detail", MINE_ONLY, NOTICE),
    Door("post", "api:notice-read", API_SIGNED_IN),
    Door("get", "api:notice-preset", API_SIGNED_IN),
    Door("patch", "api:notice-preset", API_SIGNED_IN, body=always(preset="digest")),
    Door("get", "api:hook-list", API_SIGNED_IN, note=EMPTY_FOR_OTHERS),
    Door("post", "api:hook-list", "401 403 403 403 403 201 403 403 403 403", body=HOOK_FORM),
    Door("get", "api:hook-detail", "401 404 404 404 404 200 404 404 404 404", {"pk": "hook.pk"}),
    Door("get", "api:hook-deliveries", "401 404 404 404 404 200 404 404 404 404", {"pk": "hook.pk"}),
    Door(
        "post",
        "api:hook-switch",
        "401 404 404 404 404 200 404 404 404 404",
        {"pk": "hook.pk"},
        always(on=False),
    ),
    Door(
        "post",
        "api:hook-again",
        "401 404 404 404 404 202 404 404 404 404",
        {"pk": "hook.pk", "delivery": "delivery.pk"},
    ),
    Door("post", "api:hook-trial", "401 404 404 404 404 202 404 404 404 404", {"pk": "hook.pk"}),
]
