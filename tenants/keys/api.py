from rest_framework.routers import BaseRouter


def routes(router: BaseRouter) -> None:
    """Nothing yet."""
