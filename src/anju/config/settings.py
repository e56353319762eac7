"""Settings. Everything that differs between two installations comes from the environment (ANJU_*).

The launcher (`./anju`) sets them; see docs/deploy.md for the list.
"""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parents[3]
SOURCE_DIR = BASE_DIR / "src" / "anju"
RULEBOOK_DIR = Path(os.environ.get("ANJU_RULEBOOKS", BASE_DIR / "rulebooks"))
DATA_DIR = Path(os.environ.get("ANJU_DATA", BASE_DIR / ".anju" / "data"))

DEBUG = os.environ.get("ANJU_DEBUG") == "1"
TESTING = os.environ.get("ANJU_TESTING") == "1"


def _secret() -> str:
    """The signing key: from the environment, else from the file the launcher made (mode 0600)."""
    if value := os.environ.get("ANJU_SECRET_KEY"):
        return value
    kept = DATA_DIR / "secret_key"
    if kept.exists():
        return kept.read_text().strip()
    if DEBUG or TESTING:
        return "for tests only"
    raise RuntimeError(f"No secret key: set ANJU_SECRET_KEY or let ./anju start create {kept}.")


SECRET_KEY = _secret()
ALLOWED_HOSTS = os.environ.get("ANJU_HOSTS", "127.0.0.1,localhost,[::1],testserver").split(",")
# How many proxies of our own stand before the server and append to X-Forwarded-For; 0: believe none.
PROXIES = int(os.environ.get("ANJU_PROXIES", "0"))
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("ANJU_ORIGINS", "").split(",") if o]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "procrastinate.contrib.django",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "csp",
    "anju.ground.foundation",
    "anju.ground.territory",
    "anju.ground.organisations",
    "anju.ground.access",
    "anju.means.documents",
    "anju.means.figures",
    "anju.duties.cases",
    "anju.duties.inspections",
    "anju.duties.orders",
    "anju.duties.penalties",
    "anju.duties.transfers",
    "anju.duties.majors",
    "anju.duties.objections",
    "anju.duties.suggestions",
    "anju.doors.console",
    "anju.doors.field",
    "anju.doors.portal",
    "anju.doors.exchange",
    "anju.doors.api",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "anju.ground.foundation.middleware.BodyLimitMiddleware",
    "anju.ground.foundation.middleware.DeviceMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "anju.ground.access.middleware.ActorMiddleware",
    "anju.ground.foundation.middleware.RefusalMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "anju.config.urls"
WSGI_APPLICATION = "anju.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "NAME": "jinja2",
        "DIRS": [],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "anju.ground.foundation.jinja.environment",
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    },
]
# Every room keeps its pages in <room>/templates; Jinja2 looks through all of them.
TEMPLATES[0]["DIRS"] = sorted(SOURCE_DIR.glob("*/*/templates"))  # type: ignore[assignment]


def database_from_url(url: str) -> dict:
    """Read postgresql://user:password@host:port/name?options into Django's form. A host of /path is a socket."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": str(parts.port or query.pop("port", "")),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": query,
    }


DATABASES = {
    "default": database_from_url(os.environ.get("ANJU_DATABASE_URL", "postgresql:///anju?host=/nonexistent"))
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "access.Account"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/console/"
LOGOUT_REDIRECT_URL = "/"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("ANJU_HTTPS") == "1"
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
# Once an installation speaks HTTPS, browsers are told never to speak anything else to it (a year).
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SESSION_COOKIE_SECURE else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_ADAPTER = "anju.ground.access.adapter.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
# login_failed: only guesses of the second factor are counted here, wrong passwords by axes (access.adapter).
# login: an office of hundreds signs in at half past eight through one address; a wrong password is counted by axes.
ACCOUNT_RATE_LIMITS = {"login_failed": "5/5m/key", "login": "600/m/ip"}
ACCOUNT_LOGOUT_ON_GET = False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Anju"
USERSESSIONS_TRACK_ACTIVITY = False

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_CLIENT_IP_CALLABLE = "anju.ground.foundation.asked.address_of"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_WHITELIST_CALLABLE = "anju.ground.access.adapter.is_own_device"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_USERNAME_CALLABLE = "anju.ground.access.services.tried_username"
AXES_ENABLE_ADMIN = False
AXES_LOCKOUT_CALLABLE = "anju.ground.access.views.locked_out"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [SOURCE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = os.environ.get("ANJU_TIME_ZONE", "Asia/Shanghai")
USE_TZ = True
FORMAT_MODULE_PATH = "anju.config.formats"

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 0 if DEBUG else 3600

# Uploaded evidence: stored by SHA-256 below DATA_DIR/files, never served from a public directory.
FILE_STORE = DATA_DIR / "files"
MAX_UPLOAD_MB = int(os.environ.get("ANJU_MAX_UPLOAD_MB", "15"))
# The largest request as a whole: nine photos, or a ledger. More is refused before a byte of it is read.
MAX_BODY_MB = int(os.environ.get("ANJU_MAX_BODY_MB", "160"))
MAX_UPLOAD_PIXELS = 40_000_000
# What all requests of one process together may take for decoding pictures and looking at workbooks; who finds no room
# waits so many seconds and is then asked to come again (foundation.memory).
HEAVY_MB = int(os.environ.get("ANJU_HEAVY_MB", "400"))
HEAVY_PATIENCE = 10.0
# Words and numbers of a request without its files: no form of ours comes near it.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 20
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4000

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
PROCRASTINATE_ON_APP_READY = None

PRODUCT_NAME = _("安居")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    # A request for a foreign host name is answered with 400; it is no error of ours and needs no traceback.
    "loggers": {"django.security.DisallowedHost": {"handlers": [], "propagate": False}},
}
SILENCED_SYSTEM_CHECKS = ["urls.W002"]
