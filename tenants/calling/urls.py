from django.urls import path

from tenants.calling import views

urlpatterns = [
    path("explain/", views.explain, name="explain"),
    path("grants/<int:number>/enforced/", views.enforced, name="grant-enforced"),
    path("grants/<int:number>/try/", views.try_it, name="grant-try"),
    path("caller-pauses/", views.caller_pauses, name="caller-pauses"),
    path("teams/<slug:slug>/pause/", views.pause_team, name="team-pause"),
    path("keys/<int:number>/pause/", views.pause_key, name="key-pause"),
    path("caller-pauses/<int:pause_id>/lift/", views.lift, name="caller-pause-lift"),
]
