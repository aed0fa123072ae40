from django.urls import path

from foundry.audit import views

urlpatterns = [path("audit/", views.audit, name="audit")]
