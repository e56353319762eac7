"""Addresses of people, posts, delegations and keys."""

from django.urls import path, re_path

from . import views

app_name = "access"
urlpatterns = [
    path("me/", views.me, name="me"),
    path("me/posts/<int:post_id>/lend", views.delegate, name="delegate"),
    path("me/lent/<int:pk>/end", views.end_delegation, name="end_delegation"),
    path("me/keys", views.keys, name="keys"),
    path("me/keys/<int:pk>/revoke", views.revoke_key, name="revoke_key"),
    path("people/", views.people, name="people"),
    path("people/new", views.enrol, name="enrol"),
    path("people/<int:pk>/", views.person, name="person"),
    path("people/<int:pk>/posts/new", views.hold_post, name="hold_post"),
    re_path(
        r"^people/(?P<pk>\d+)/(?P<act>reset_password|remove_second_factor|close_account|open_account)$",
        views.account_act,
        name="account_act",
    ),
    path("grants/", views.grants, name="grants"),
    re_path(r"^grants/(?P<pk>\d+)/(?P<act>confirm|refuse|withdraw)$", views.grant_act, name="grant_act"),
    path("posts/<int:pk>/end", views.end_post, name="end_post"),
]
