"""Addresses that exist only while the demo is on."""

from django.urls import path

from foundry.people import views

urlpatterns = [path("demo/sign-in/", views.demo_sign_in, name="demo-sign-in")]
