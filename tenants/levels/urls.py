from django.urls import path

from tenants.levels import calendar_pages, views

urlpatterns = [
    path("limits/", views.limits, name="limits"),
    path("limits/calendar/", calendar_pages.calendar, name="budget-calendar"),
    path("limits/calendar/<int:number>/withdraw/", calendar_pages.withdraw, name="budget-calendar-withdraw"),
    path("teams/<slug:slug>/limits/", views.team_limits, name="team-limits"),
    path("keys/<int:number>/limits/", views.key_limits, name="key-limits"),
    path("grants/<int:number>/shares/", views.grant_shares, name="grant-shares"),
    path("limits/<int:number>/end/", views.end, name="limit-end"),
]
