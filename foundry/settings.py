"""Every setting, read from the environment once. `docs/settings.md` lists them."""

from pathlib import Path
from typing import Any

from foundry.lib import env
from foundry.lib.database import django_database
from foundry.lib.mail import mail_server

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.text("FOUNDRY_VAR", str(BASE_DIR / "var")))

DEBUG = env.flag("DEBUG", False)
DEMO = env.flag("FOUNDRY_DEMO", False)
SECRET_KEY = env.text("FOUNDRY_SECRET_KEY")
ALLOWED_HOSTS = env.words("FOUNDRY_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("FOUNDRY_TRUSTED_ORIGINS")
CONSOLE_URL = env.text("FOUNDRY_CONSOLE_URL", f"http://127.0.0.1:{env.number('CONSOLE_PORT', 8000)}")
GATEWAY_URL = env.text("FOUNDRY_GATEWAY_URL", f"http://127.0.0.1:{env.number('GATEWAY_PORT', 8100)}")
SANDBOX_URL = env.text("FOUNDRY_SANDBOX_URL", f"http://127.0.0.1:{env.number('SANDBOX_PORT', 8200)}")
AUDIT_HEADS_FILE = Path(env.text("FOUNDRY_AUDIT_HEADS", str(VAR_DIR / "audit-heads.jsonl")))
SPOOL_DIR = Path(env.text("FOUNDRY_SPOOL_DIR", str(VAR_DIR / "spool")))

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "foundry.local",
    "foundry.web",
    "foundry.api",
    "foundry.people",
    "foundry.audit",
    "foundry.notify",
    "catalog",
    "tenants.teams",
    "tenants.access",
    "tenants.quotas",
    "tenants.keys",
    "tenants.levels",
    "tenants.usage",
    "tenants.advice",
    "tenants.moving",
    "tenants.demo",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "foundry.web.middleware.headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "foundry.web.middleware.no_nul",
    "foundry.web.middleware.refusals",
    "foundry.api.idempotency.idempotency",
]

ROOT_URLCONF = "foundry.urls"
WSGI_APPLICATION = "foundry.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "foundry.web.shell.shell",
            ],
            "builtins": ["foundry.web.templatetags.ui"],
        },
    }
]

DATABASES: dict[str, Any] = {
    "default": django_database(
        env.text(
            "DATABASE_OWNER_URL" if env.text("FOUNDRY_DATABASE_ROLE", "app") == "owner" else "DATABASE_URL"
        )
    )
}
REDIS_URL = env.text("REDIS_URL")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "people.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = CONSOLE_URL.startswith("https://")
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "foundry.web.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if SESSION_COOKIE_SECURE else 0

# Mail leaves only where a server is named: smtp://user:password@host:587/?tls=1 (or smtps://…).
MAIL = mail_server(env.text("FOUNDRY_MAIL_URL", ""))
MAIL_ON = MAIL is not None
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_TIMEOUT = 20
if MAIL:
    EMAIL_HOST, EMAIL_PORT, EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL.host, MAIL.port, MAIL.starttls, MAIL.ssl
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL.user, MAIL.password
DEFAULT_FROM_EMAIL = env.text("FOUNDRY_MAIL_FROM", "Foundry <foundry@localhost.localdomain>")
MAIL_DOMAIN = DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ")

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 300

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "foundry.api.auth.TokenAuthentication",
        "foundry.api.auth.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["foundry.api.auth.SignedInWithScope"],
    "DEFAULT_PAGINATION_CLASS": "foundry.api.paging.CursorPages",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "foundry.api.schema.FoundrySchema",
    "EXCEPTION_HANDLER": "foundry.api.problems.handler",
    "PAGE_SIZE": 50,
    "COERCE_DECIMAL_TO_STRING": True,
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Foundry",
    "DESCRIPTION": "Access to AI models: catalog, requests, grants, keys, usage.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "DEFAULT_GENERATOR_CLASS": "foundry.api.schema.OnceGenerator",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Closed sections: with all of them open its page stops drawing at about 125 operations.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "docExpansion": "none", "filter": True},
    "ENUM_NAME_OVERRIDES": {},
    "COMPONENT_SPLIT_REQUEST": True,
}

API_SLICES = [
    "foundry.people",
    "foundry.audit",
    "foundry.notify",
    "catalog",
    "tenants.teams",
    "tenants.access",
    "tenants.keys",
    "tenants.levels",
    "tenants.usage",
    "tenants.calling",
    "tenants.advice",
    "tenants.evidence",
    "tenants.moving",
]
# What a page or the API says of an offer beside what the catalog knows; each takes (offer ids, person, team)
# and answers {offer id: {"word": ..., "tone": ..., "url": ...}}; an empty team means all of the person's.
# Strings, because catalog names no tenant.
OFFER_ANNOTATORS = ["tenants.access.annotate.my_access"]
# For whom a person may ask for offers; each takes a person and answers (slug, name) pairs.
OFFER_ASKERS = ["tenants.access.annotate.askers"]
# Whom something that happens to offers hits; takes (offer ids, moment).
OFFER_HITS = "tenants.keys.hits.of_offers"
# Who uses offers; each takes (offer ids, person) and answers {"rows": [{"offer_id", "team", "url", "applications",
# "until"}], "others": how many teams more this person may not see}.
OFFER_USERS = ["tenants.access.annotate.users"]
# How a model is called; each takes (publisher/model, secret or None) and answers rows with a label and a text.
CALL_SNIPPETS = ["tenants.keys.first_call.snippets"]
# What is promised of a capacity pool; each takes (pool ids, moment) and answers {pool id: tokens per minute}.
POOL_ANNOTATORS = ["tenants.access.headroom.granted_by_pool"]
# The busiest hour of capacity pools; takes (pool ids, moment), and answers {pool id: peak}.
POOL_PEAKS = "tenants.usage.pool_peaks.of_pools"
# What is promised of one pool, grant by grant; takes (pool id, moment).
POOL_GRANTS = "tenants.access.headroom.grants_of_pool"
# Tokens a minute that grants used at most and typically; takes (grant ids, since, moment), and answers {grant id: rates}.
GRANTS_RATES = "tenants.usage.rates.of_grants"
HOME_BLOCKS = [
    "tenants.access.home.blocks",
    "tenants.quotas.home.blocks",
    "catalog.home.blocks",
    "tenants.advice.home.blocks",
]
# What a team may spend a month, in nano-dollars; takes (team id, moment), answers None where nobody set it.
TEAM_BUDGET = "tenants.levels.showing.budget_of_team"
# Do all gateways hold what holders of limits may use? Takes their ids and answers {id: an object with `is_whole`}.
HOLDERS_ENFORCED = "tenants.usage.enforced.of_holders"
GRANT_USE = "tenants.quotas.use.of_grants"
GRANTS_PEAKS = "tenants.usage.peaks.of_grants"
GRANT_PEAKS = "tenants.usage.peaks.of_grant"
# What grants did lately; takes (grant ids, moment) and answers by id: calls, cost, the last call.
GRANTS_LATELY = "tenants.usage.lately.of_grants"
GRANTS_USED_SINCE = "tenants.usage.peaks.used_since"
# Whom it hits when offers cannot be called; takes (offer ids, moment): what a pause says before it is made.
IMPACT = "tenants.usage.impact.of_offers"
# Whom it hits when grants, or keys, open nothing any more; each takes (ids, moment): said before such an act.
TOLL_OF_GRANTS, TOLL_OF_KEYS = "tenants.usage.toll.of_grants", "tenants.usage.toll.of_keys"
TOLL_OF_OFFERS = "tenants.usage.toll.of_offers"  # when nobody can call them any more
# When a level may use less: who called under it, and in words how the last 30 days would have met a maximum.
TOLL_OF_LEVEL, LIMIT_MET = "tenants.usage.level_toll.of_level", "tenants.usage.level_toll.met"
# What ends when somebody leaves a team, or (None) is switched off; each takes (person, team or None, moment), acts inside that
# transaction and answers for the audit what ended. What a page says before it: same arguments, answers `toll` and `go_on`.
LEAVING = ["tenants.keys.leaving.left", "tenants.teams.owning.left"]
TOLL_OF_LEAVER = "tenants.usage.toll.of_leaver"
# Live keys of an application with `maker_is_here`; takes (application, moment).
KEYS_OF_APPLICATION = "tenants.keys.leaving.of_application"
# How calls fared at hosts; takes (groups of offer ids by number, moment, hour or day), and answers them by group.
CALLS_MET = "tenants.usage.met.met"
FIRST_CALL_OF_GRANT = "tenants.usage.first.first_call_of_grant"
STATUS_PROBES = ["foundry.audit.probes.probes", "catalog.probes.probes", "tenants.usage.probes.probes"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
