from django.urls import path

from foundry.notify import views

urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("inbox/read/", views.read, name="inbox-read"),
    path("inbox/preset/", views.choose, name="inbox-preset"),
    path("hooks/", views.hooks, name="hooks"),
    path("hooks/<int:hook_id>/", views.hook, name="hook"),
    path("hooks/<int:hook_id>/switch/", views.switch_hook, name="hook-switch"),
    path("hooks/<int:hook_id>/try/", views.try_hook, name="hook-try"),
    path("hooks/deliveries/<int:delivery_id>/again/", views.redeliver, name="hook-again"),
]
