from django.urls import path

from tenants.access import calendar_pages, grant_pages, terms_pages, views

urlpatterns = [
    path("requests/", views.requests, name="requests"),
    path("requests/new/", views.request_new, name="request-new"),
    path("requests/preview/", views.request_preview, name="request-preview"),
    path("requests/<int:number>/", views.request_page, name="request"),
    path("requests/<int:number>/approve/", views.request_approve, name="request-approve"),
    path("requests/<int:number>/deny/", views.request_deny, name="request-deny"),
    path("requests/<int:number>/withdraw/", views.request_withdraw, name="request-withdraw"),
    path("requests/<int:number>/acknowledge/", views.request_acknowledge, name="request-acknowledge"),
    path("terms/<slug:slug>/acknowledgements/", terms_pages.acknowledgements, name="terms-acknowledgements"),
    path("terms/<slug:slug>/acknowledge/", terms_pages.acknowledge, name="terms-acknowledge"),
    path("grants/<int:number>/acknowledge/", terms_pages.grant_acknowledge, name="grant-acknowledge"),
    path("calendar/<str:secret>.ics", calendar_pages.feed, name="calendar"),
    path("teams/<slug:slug>/calendar/", calendar_pages.team_calendar, name="team-calendar"),
    path("teams/<slug:slug>/calendar/make/", calendar_pages.make_calendar, name="team-calendar-make"),
    path("teams/<slug:slug>/calendar/end/", calendar_pages.end_calendar, name="team-calendar-end"),
    path("approvals/", views.approvals, name="approvals"),
    path("grants/", grant_pages.grants, name="grants"),
    path("grants/<int:number>/", grant_pages.grant, name="grant"),
    path("grants/<int:number>/revoke/", grant_pages.grant_revoke, name="grant-revoke"),
    path("grants/<int:number>/suspend/", grant_pages.grant_suspend, name="grant-suspend"),
    path("grants/<int:number>/resume/", grant_pages.grant_resume, name="grant-resume"),
]
