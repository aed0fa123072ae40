"""The console and the API as WSGI, for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "foundry.settings")
application = get_wsgi_application()
