"""Addresses of stored files: a shown copy of a picture, or any other file as an attachment to save."""

from django.urls import re_path

from . import files_views

app_name = "files"
urlpatterns = [
    re_path(r"^(?P<sha256>[0-9a-f]{64})/(?P<size>thumb|page)\.jpg$", files_views.shown, name="shown"),
    re_path(r"^(?P<sha256>[0-9a-f]{64})/attachment$", files_views.attachment, name="attachment"),
]
