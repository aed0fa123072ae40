from django.urls import path

from tenants.teams import owner_pages, views

urlpatterns = [
    path("teams/", views.teams, name="teams"),
    path("teams/new/", views.new_team, name="team-new"),
    path("teams/<slug:slug>/", views.team, name="team"),
    path("teams/<slug:slug>/members/", views.add_member, name="team-add-member"),
    path("teams/<slug:slug>/members/<int:user_id>/role/", views.change_role, name="team-change-role"),
    path("teams/<slug:slug>/members/<int:user_id>/remove/", views.remove_member, name="team-remove-member"),
    path(
        "teams/<slug:slug>/applications/<int:number>/owner/",
        owner_pages.application_owner,
        name="application-owner",
    ),
    path("teams/<slug:slug>/applications/", views.add_application, name="team-add-application"),
]
