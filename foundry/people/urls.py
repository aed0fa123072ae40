from django.urls import path

from foundry.people import directory, views

urlpatterns = [
    path("login/", views.SignIn.as_view(), name="login"),
    path("logout/", views.sign_out, name="logout"),
    path("welcome/<str:secret>/", views.sign_in_by_link, name="sign-in-link"),
    path("people/", directory.people, name="people"),
    path("people/<int:number>/deactivate/", directory.deactivate, name="person-deactivate"),
    path("people/<int:number>/reactivate/", directory.reactivate, name="person-reactivate"),
    path("settings/", views.settings_page, name="settings"),
    path("settings/tokens/<int:token_id>/revoke/", views.revoke_token, name="token-revoke"),
]
