from django.urls import path

from tenants.moving import views

urlpatterns = [
    path("moving-in/", views.moving_in, name="moving-in"),
    path("moving-in/read/", views.read, name="moving-in-read"),
    path("moving-in/preview/", views.preview, name="moving-in-preview"),
    path("moving-in/accept/", views.accept, name="moving-in-accept"),
    path("moving-in/leave-out/", views.leave_out, name="moving-in-leave-out"),
    path("moving-in/<int:number>/", views.proposal, name="moving-in-row"),
]
