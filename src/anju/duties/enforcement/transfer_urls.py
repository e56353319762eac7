"""Addresses of transfers, major hazards and objections, included by the room's own table."""

from django.urls import path

from . import major_views
from . import transfer_views as views

urlpatterns = [
    path("transfers/", views.transfers, name="transfers"),
    path("transfers/new", views.new, name="transfer_new"),
    path("transfers/<int:transfer_id>/", views.transfer, name="transfer"),
    path("transfers/<int:transfer_id>/steps/<slug:act>", views.step, name="transfer_step"),
    path("transfers/<int:transfer_id>/urge", views.urge, name="transfer_urge"),
    path("transfers/<int:transfer_id>/verify", views.verify, name="transfer_verify"),
    path("transfers/<int:transfer_id>/receipt", views.receipt, name="transfer_receipt"),
    path("major/", major_views.majors, name="majors"),
    path("major/new", major_views.major_new, name="major_new"),
    path("major/<int:major_id>/", major_views.major_page, name="major"),
    path("major/<int:major_id>/steps/<slug:act>", major_views.major_step, name="major_step"),
    path("objections/", major_views.objection_list, name="objections"),
    path("objections/new", major_views.objection_new, name="objection_new"),
    path("objections/<int:objection_id>/", major_views.objection, name="objection"),
]
