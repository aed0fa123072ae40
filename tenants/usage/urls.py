from django.urls import path

from tenants.usage import views

urlpatterns = [
    path("usage/", views.usage, name="usage"),
    path("usage/csv/", views.usage_csv, name="usage-csv"),
]
