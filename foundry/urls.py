"""All addresses: pages first, then the API under /api/v1/."""

from django.conf import settings
from django.urls import include, path

urlpatterns = [
    path("", include("foundry.web.urls")),
    path("", include("foundry.people.urls")),
    path("", include("foundry.audit.urls")),
    path("", include("foundry.notify.urls")),
    path("", include("catalog.urls")),
    path("", include("tenants.teams.urls")),
    path("", include("tenants.access.urls")),
    path("", include("tenants.keys.urls")),
    path("", include("tenants.levels.urls")),
    path("", include("tenants.usage.urls")),
    path("", include("tenants.calling.urls")),
    path("", include("tenants.advice.urls")),
    path("", include("tenants.evidence.urls")),
    path("", include("tenants.moving.urls")),
    path("api/v1/", include("foundry.api.urls")),
]
if settings.DEMO:
    urlpatterns.append(path("", include("foundry.people.demo_urls")))

handler400 = "foundry.web.errors.bad_request"
handler403 = "foundry.web.errors.forbidden"
handler404 = "foundry.web.errors.not_found"
handler500 = "foundry.web.errors.server_error"
