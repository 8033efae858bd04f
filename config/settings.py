"""All settings; each variable of the environment is read here, once. `docs/operations.md` lists them."""

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config import database, secret
from config.environment import BOOLEANS, Environment
from config.formats.fr.formats import (  # noqa: F401 - for languages without formats of their own
    DATE_FORMAT,
    DATE_INPUT_FORMATS,
    DATETIME_FORMAT,
    DATETIME_INPUT_FORMATS,
    DECIMAL_SEPARATOR,
    FIRST_DAY_OF_WEEK,
    MONTH_DAY_FORMAT,
    NUMBER_GROUPING,
    SHORT_DATE_FORMAT,
    SHORT_DATETIME_FORMAT,
    THOUSAND_SEPARATOR,
    TIME_FORMAT,
    TIME_INPUT_FORMATS,
    YEAR_MONTH_FORMAT,
)
from totem.core import embedded

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(os.environ)


# -- What this process is ---------------------------------------------------------------------------------------------

MODE = env.choice("TOTEM_MODE", ("development", "demo", "production", "test"), default="development")
DEBUG = MODE == "development"
DEMO = (env.boolean("TOTEM_DEMO", default=False) and DEBUG) or MODE == "demo"
SECURE = MODE == "production"

DATA_DIR = env.path("TOTEM_DATA", default=BASE_DIR / "var")
BIND = env.text("TOTEM_BIND", "127.0.0.1")
PORT = env.integer("TOTEM_PORT", default=8000, least=1, most=65535)
WEB_PROCESSES = env.integer("TOTEM_WORKERS", default=max(2, min(4, os.cpu_count() or 1)), least=1, most=64)
SITE_URL = env.url("TOTEM_URL", f"http://localhost:{PORT}").rstrip("/")
ALLOWED_HOSTS = env.hosts("TOTEM_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = [SITE_URL]
GIVEN_SECRET_KEY = env.text("TOTEM_SECRET_KEY")
SECRET_KEY = GIVEN_SECRET_KEY or secret.kept_in(DATA_DIR)

# -- Rooms: each after those that it uses -----------------------------------------------------------------------------

ROOMS = [
    "totem.core",
    "totem.accounts",
    "totem.territories",
    "totem.organisations",
    "totem.premises",
    "totem.hubs",
    "totem.billing",
    "totem.spaces",
    "totem.memberships",
    "totem.bookings",
    "totem.observatory",
    "totem.labels",
    "totem.website",
]
INSTALLED_APPS = [
    *ROOMS,
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "pgtrigger",
    "procrastinate.contrib.django",
    "rules.apps.AutodiscoverRulesConfig",
]
MIDDLEWARE = [
    "totem.core.middleware.HealthMiddleware",
    "totem.core.middleware.DatabaseUnavailableMiddleware",
    "totem.core.middleware.BusyMiddleware",
    "totem.core.middleware.NulMiddleware",
    "totem.core.middleware.PrivateMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "totem.accounts.middleware.LanguageMiddleware",
    "totem.core.middleware.WrongMethodMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "totem.core.navigation.LastWorkplaceMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATE_LOADERS = ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            # As the application of django-template-partials sets them, which imports Django's admin: 1 MB.
            "loaders": [
                ("template_partials.loader.Loader", [("django.template.loaders.cached.Loader", TEMPLATE_LOADERS)])
            ],
            "libraries": {"partials": "template_partials.templatetags.partials"},
            "builtins": [
                "totem.core.templatetags.totem",
                "totem.core.templatetags.components",
                "django.templatetags.i18n",
                "django.templatetags.static",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "totem.core.context.site",
            ],
        },
    }
]
FORM_RENDERER = "totem.core.forms.TotemRenderer"

# -- Database, cache, jobs --------------------------------------------------------------------------------------------

DATABASE_URL = env.text("DATABASE_URL")
EMBEDDED = not DATABASE_URL
CONNECTION = embedded.connection_settings(DATA_DIR) if EMBEDDED else database.connection_settings(DATABASE_URL)
# Whether production refuses a connection to another machine that may be unencrypted.
DATABASE_TLS = env.boolean("TOTEM_DATABASE_TLS", default=True)
DATABASES = {
    "default": {
        **CONNECTION,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,  # actions open their own transactions: a page that only reads needs none
        "OPTIONS": {**database.DEFAULTS, **CONNECTION.get("OPTIONS", {})},
    }
}
# Who owns the tables and migrates them, where that is another role than the one that runs (totem.core.roles).
DATABASE_ROLE = CONNECTION["USER"]
DATABASE_OWNER_URL = env.text("DATABASE_OWNER_URL")
if EMBEDDED and DATABASE_OWNER_URL:
    raise ImproperlyConfigured("DATABASE_OWNER_URL is set and DATABASE_URL is not: set both, or neither.")
DATABASE_OWNER = {"USER": embedded.OWNER} if EMBEDDED else database.owner_settings(DATABASE_OWNER_URL, CONNECTION)
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "core_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},  # has the rate limits: with Django's 300 entries a crowd would evict them
    },
    # Separate, so that charts and documents never evict a rate limit.
    "rendering": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "core_rendering_cache",
        "OPTIONS": {"MAX_ENTRIES": 5000},
    },
}
SESSION_COOKIE_AGE = int(timedelta(days=30).total_seconds())
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"

# -- People -----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "rules.permissions.ObjectPermissionBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "accounts:landing"
ACCOUNT_ADAPTER = "totem.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1"]  # people without a password sign in with an e-mailed code
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = ACCOUNT_LOGIN_BY_CODE_TIMEOUT  # the texts name one time
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = True  # the same number of mails is sent for a known and an unknown address
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "length": 8, "dashed": True}  # as totem.core.codes
# Counted in the shared cache, so that they apply over all processes. `key` is the address that is tried or written to.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/300s/key",
    "signup": "20/m/ip",
    "request_login_code": "20/m/ip,3/m/key,10/h/key",
    "reset_password": "20/m/ip,3/m/key,10/h/key",
    "reset_password_from_key": "20/m/ip",
    "confirm_email": "1/10s/key,10/h/key",  # what signing up or changing addresses sends to an address
    "manage_email": "10/m/user",
    "change_password": "5/m/user",
    "reauthenticate": "10/m/user",
    "bookings_resend": "1/30s/key",
}
ACCOUNT_FORMS = {
    "add_email": "totem.accounts.forms.ChangeEmailForm",
    "change_password": "totem.accounts.forms.ChangePasswordForm",
    "confirm_email_verification_code": "totem.accounts.forms.ConfirmEmailForm",
    "confirm_login_code": "totem.accounts.forms.ConfirmLoginForm",
    "confirm_password_reset_code": "totem.accounts.forms.ConfirmPasswordResetForm",
    "login": "totem.accounts.forms.LoginForm",
    "reauthenticate": "totem.accounts.forms.ReauthenticateForm",
    "request_login_code": "totem.accounts.forms.RequestLoginCodeForm",
    "reset_password": "totem.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "totem.accounts.forms.NewPasswordForm",
    "set_password": "totem.accounts.forms.SetPasswordForm",
    "signup": "totem.accounts.forms.SignupForm",
}

# -- Mail -------------------------------------------------------------------------------------------------------------

SMTP_HOST = env.text("TOTEM_SMTP_HOST")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if SMTP_HOST else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = str(DATA_DIR / "mail")
EMAIL_HOST = SMTP_HOST or "localhost"
SMTP_TLS = env.choice("TOTEM_SMTP_TLS", (*BOOLEANS, "starttls", "implicit"), default="yes")
EMAIL_PORT = env.integer("TOTEM_SMTP_PORT", default=465 if SMTP_TLS == "implicit" else 587, least=1, most=65535)
EMAIL_HOST_USER = env.text("TOTEM_SMTP_USER")
EMAIL_HOST_PASSWORD = env.text("TOTEM_SMTP_PASSWORD")
# Port 465 is TLS from the first byte (RFC 8314, section 3.3); elsewhere a plain connection asks for it by STARTTLS.
EMAIL_USE_SSL = SMTP_TLS == "implicit" or (EMAIL_PORT == 465 and BOOLEANS.get(SMTP_TLS, False))
EMAIL_USE_TLS = BOOLEANS.get(SMTP_TLS, True) and not EMAIL_USE_SSL
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("TOTEM_MAIL_FROM", "Totem <totem@localhost>")

# -- Who answers for the site -----------------------------------------------------------------------------------------

# Required in the legal notice (LCEN, loi n° 2004-575, article 1-1); the page names what is left empty.
PUBLISHER = {
    name: env.text(name)
    for name in (
        "TOTEM_PUBLISHER",
        "TOTEM_PUBLISHER_ADDRESS",
        "TOTEM_PUBLISHER_PHONE",
        "TOTEM_PUBLISHER_EMAIL",
        "TOTEM_DIRECTOR",
        "TOTEM_HOSTING",
    )
}
# Where the source of this version is published: AGPL, article 13.
SOURCE_URL = env.url("TOTEM_SOURCE_URL")

# -- Language and time ------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "fr"
# A further language is a line here and its folder in locale/; see totem/core/languages.py.
LANGUAGES = [
    ("fr", _("French")),
    ("en", _("English")),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Paris"
USE_TZ = True
FORMAT_MODULE_PATH = ["config.formats"]

# -- Files ------------------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    # The reverse proxy answers /media/ as another user, whatever the umask; the umask decides of all else.
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"file_permissions_mode": 0o644, "directory_permissions_mode": 0o755},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if MODE in {"development", "test"}
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
FILE_UPLOAD_PERMISSIONS = None
WHITENOISE_USE_FINDERS = MODE in {"development", "test"}
NODE_MODULES = BASE_DIR / "node_modules"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
PHOTO_MAX_BYTES = 5 * 1024 * 1024
DOCUMENT_MAX_BYTES = env.integer("TOTEM_DOCUMENT_MAX_BYTES", default=10 * 1024**2, least=1024, most=1024**3)
# Of all documents of one territory; the staff may set another quota for one of them.
WORKSPACE_MAX_BYTES = env.integer("TOTEM_WORKSPACE_MAX_BYTES", default=500 * 1024**2, least=0, most=1024**4)

# -- Backups ----------------------------------------------------------------------------------------------------------

# Where one is made every night, after which the oldest go; None: nowhere.
BACKUPS_DIR = env.path("TOTEM_BACKUPS", default=None)
BACKUPS_HOUR = env.integer("TOTEM_BACKUPS_HOUR", default=2, least=0, most=23)
BACKUPS_KEPT = {
    "day": env.integer("TOTEM_BACKUPS_DAYS", default=7, least=1, most=1000),
    "week": env.integer("TOTEM_BACKUPS_WEEKS", default=4, least=0, most=1000),
    "month": env.integer("TOTEM_BACKUPS_MONTHS", default=12, least=0, most=1000),
}
BACKUPS_WITH_KEY = env.boolean("TOTEM_BACKUPS_WITH_KEY", default=False)
BACKUPS_WITH_STOCKS = env.boolean("TOTEM_BACKUPS_WITH_STOCKS", default=False)
# The folder of pg_dump, pg_restore and psql where they are not where their packages put them.
PG_BIN = env.path("TOTEM_PG_BIN", default=None)

# -- Electronic invoices ----------------------------------------------------------------------------------------------

# How they reach an approved platform (billing.einvoicing); empty: they do not.
EINVOICING = env.class_path("TOTEM_EINVOICING", {"folder": "totem.billing.einvoicing.FolderDrop"})
EINVOICING_FOLDER = env.path("TOTEM_EINVOICING_FOLDER", default=DATA_DIR / "einvoicing")

# -- The observatory --------------------------------------------------------------------------------------------------

# One folder for each stock of the business register; shared by the machines when there are several.
OBSERVATORY_DIR = env.path("TOTEM_OBSERVATORY", default=DATA_DIR / "observatory")
# The public catalogue that lists this month's files, and the identifier of the register in it.
CATALOGUE_URL = env.url("TOTEM_CATALOGUE", "https://www.data.gouv.fr/api/1/datasets/5b7ffc618b4c4169d30727e0/")
# In open-data files a count under this number is left out; 0 leaves none out (the register itself is open).
MASK_COUNTS_BELOW = env.integer("TOTEM_MASK_BELOW", default=0, least=0, most=1000)

# Where `totem territories outlines` and the demonstration fetch the limits of communes: Etalab's simplified ones.
OUTLINES_URL = env.text(
    "TOTEM_OUTLINES",
    "https://etalab-datasets.geo.data.gouv.fr/contours-administratifs/latest/geojson/communes-1000m.geojson.gz",
)

# A MapLibre style address; without one the outlines shipped with the assets are drawn.
MAP_STYLE_URL = env.text("TOTEM_MAP_STYLE_URL")
MAP_ORIGINS = env.urls("TOTEM_MAP_ORIGINS")

# -- Safety -----------------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF, "data:", "blob:", *MAP_ORIGINS],
        "connect-src": [SELF, *MAP_ORIGINS],
        "worker-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if SECURE else 0
# What a browser keeps for a year concerns this host only, unless its operator answers for more.
HSTS = env.choice("TOTEM_HSTS", ("host", "subdomains", "preload"), default="host")
SECURE_HSTS_INCLUDE_SUBDOMAINS = HSTS in {"subdomains", "preload"}
SECURE_HSTS_PRELOAD = HSTS == "preload"
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # which ask for both
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
# For `totem.core.client_address`.
TRUSTED_PROXY_COUNT = env.integer("TOTEM_PROXIES", default=1 if SECURE else 0, least=0, most=10)

METRICS_TOKEN = env.text("TOTEM_METRICS_TOKEN")
LOG_LEVEL = env.choice(
    "TOTEM_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), default="INFO" if SECURE else "WARNING"
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "line"}},
    # Otherwise each start logs every task twice.
    "loggers": {f"procrastinate.{name}": {"level": "WARNING"} for name in ("periodic", "blueprints")},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
}
