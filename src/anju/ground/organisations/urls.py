"""Addresses of this room."""

app_name = "organisations"
urlpatterns: list = []
