from django.urls import path

from tenants.keys import views

urlpatterns = [
    path("keys/", views.keys, name="keys"),
    path("keys/<int:number>/", views.one, name="key"),
    path("keys/<int:number>/rotate/", views.rotate, name="key-rotate"),
    path("keys/<int:number>/revoke/", views.revoke, name="key-revoke"),
    path("grants/<int:number>/first-call/", views.grant_first_call, name="grant-first-call"),
]
