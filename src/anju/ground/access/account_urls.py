"""Sign-in and the page of one's own login: allauth's views, only those that this house uses.

Left out on purpose: signing up, mail addresses and resetting a password by mail. An administrator opens accounts
and resets passwords.
"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.usersessions import views as sessions
from django.urls import path

from . import views
from .guards import open_to_all, signed_in

urlpatterns = [
    path("login/", open_to_all(account.login), name="account_login"),
    path("logout/", open_to_all(account.logout), name="account_logout"),
    path("inactive/", open_to_all(account.account_inactive), name="account_inactive"),
    path("forgotten/", views.forgotten, name="account_forgotten"),
    path("reauthenticate/", signed_in(account.reauthenticate, always=True), name="account_reauthenticate"),
    path("password/", signed_in(account.password_change, always=True), name="account_change_password"),
    path("2fa/", signed_in(mfa.index, always=True), name="mfa_index"),
    # The second step of signing in: there is no user yet, allauth holds the login back in the session.
    path("2fa/authenticate/", open_to_all(mfa.authenticate), name="mfa_authenticate"),
    path("2fa/reauthenticate/", signed_in(mfa.reauthenticate, always=True), name="mfa_reauthenticate"),
    path("2fa/totp/activate/", signed_in(totp.activate_totp, always=True), name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", signed_in(totp.deactivate_totp, always=True), name="mfa_deactivate_totp"),
    path("2fa/codes/", signed_in(codes.view_recovery_codes, always=True), name="mfa_view_recovery_codes"),
    path(
        "2fa/codes/generate/",
        signed_in(codes.generate_recovery_codes, always=True),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "2fa/codes/download/",
        signed_in(codes.download_recovery_codes, always=True),
        name="mfa_download_recovery_codes",
    ),
    path("sessions/", signed_in(sessions.list_usersessions, always=True), name="usersessions_list"),
    path("sessions/<int:pk>/end/", views.end_session, name="account_end_session"),
]
