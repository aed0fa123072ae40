from django.urls import path

from tenants.usage import calls, views

urlpatterns = [
    path("usage/", views.usage, name="usage"),
    path("usage/csv/", views.usage_csv, name="usage-csv"),
    path("calls/", calls.search, name="calls"),
    path("calls/<str:call_id>/", calls.call, name="call"),
]
