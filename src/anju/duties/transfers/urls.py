"""Addresses of transfers."""

from django.urls import path

from . import views

app_name = "transfers"
urlpatterns = [
    path("transfers/", views.transfers, name="list"),
    path("transfers/new", views.new, name="new"),
    path("transfers/<int:transfer_id>/", views.transfer, name="transfer"),
    path("transfers/<int:transfer_id>/steps/<slug:act>", views.step, name="step"),
    path("transfers/<int:transfer_id>/verify", views.verify, name="verify"),
    path("transfers/<int:transfer_id>/receipt", views.receipt, name="receipt"),
]
