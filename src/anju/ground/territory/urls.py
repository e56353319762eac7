"""Addresses of this room."""

app_name = "territory"
urlpatterns: list = []
