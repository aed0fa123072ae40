"""/api/v1/: every slice registers its resources in its own `api.routes`."""

from importlib import import_module

from django.conf import settings
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import DefaultRouter

router = DefaultRouter()
router.include_root_view = router.include_format_suffixes = False
for slice_name in settings.API_SLICES:
    import_module(f"{slice_name}.api").routes(router)

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="api-docs"),
    path("", include((router.urls, "api"))),  # names of its own: pages have many of the same
]
