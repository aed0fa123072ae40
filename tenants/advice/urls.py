from django.urls import path

from tenants.advice import views

urlpatterns = [
    path("retirements/", views.retirements, name="retirements"),
    path("retirements/open/", views.open_for, name="retirement-open"),
    path("retirements/<int:number>/", views.retirement, name="retirement"),
    path("retirements/<int:number>/board.csv", views.retirement_csv, name="retirement-csv"),
    path("retirements/<int:number>/plan/", views.plan, name="retirement-plan"),
    path("retirements/<int:number>/move/", views.move, name="retirement-move"),
    path("retirements/<int:number>/successor/", views.choose_successor, name="retirement-successor"),
    path("retirements/<int:number>/close/", views.close, name="retirement-close"),
]
