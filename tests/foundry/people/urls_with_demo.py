"""The addresses as they are while the demo is on."""

from django.urls import include, path

from foundry import urls

handler400, handler403, handler404, handler500 = (
    urls.handler400,
    urls.handler403,
    urls.handler404,
    urls.handler500,
)
urlpatterns = [*urls.urlpatterns, path("", include("foundry.people.demo_urls"))]
