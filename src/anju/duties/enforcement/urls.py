"""Addresses of enforcement: orders, penalties, sealings; transfers, major hazards, objections."""

from . import transfer_urls

app_name = "enforcement"
urlpatterns = [*transfer_urls.urlpatterns]
