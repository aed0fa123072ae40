from django.urls import path

from tenants.evidence import views

urlpatterns = [
    path("audit/ask/<slug:name>/", views.question, name="audit-question"),
    path("audit/ask/<slug:name>/answer.csv", views.question_csv, name="audit-question-csv"),
]
