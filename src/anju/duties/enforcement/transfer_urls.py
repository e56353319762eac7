"""Addresses of transfers, major hazards and objections, included by the room's own table."""

from django.urls import path

from . import transfer_views as views

urlpatterns = [
    path("transfers/", views.transfers, name="transfers"),
    path("transfers/new", views.new, name="transfer_new"),
    path("transfers/<int:transfer_id>/", views.transfer, name="transfer"),
    path("transfers/<int:transfer_id>/steps/<slug:act>", views.step, name="transfer_step"),
    path("transfers/<int:transfer_id>/urge", views.urge, name="transfer_urge"),
    path("transfers/<int:transfer_id>/verify", views.verify, name="transfer_verify"),
    path("transfers/<int:transfer_id>/receipt", views.receipt, name="transfer_receipt"),
]
