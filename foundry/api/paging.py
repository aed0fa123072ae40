"""Cursor pages: stable while rows come and go, and as cheap on the last page as on the first."""

from rest_framework.pagination import CursorPagination


class CursorPages(CursorPagination):
    """`{"next", "previous", "results"}`, newest first; `?limit=` up to 200."""

    ordering: str | tuple[str, ...] = "-pk"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200
