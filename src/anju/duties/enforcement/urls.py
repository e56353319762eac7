"""Addresses of enforcement: orders, penalties, sealings; and transfers, major hazards, objections beside them."""

from django.urls import path

from . import batch_views, transfer_urls, views

app_name = "enforcement"
urlpatterns = [
    path("orders/", views.order_list, name="orders"),
    path("orders/new", views.order_new, name="order_new"),
    path("orders/batch", batch_views.batch_new, name="batch_new"),
    path("orders/batches/<int:job_id>/", batch_views.batch_result, name="batch"),
    path("orders/batches/<int:job_id>/<slug:form>", batch_views.batch_file, name="batch_file"),
    path("orders/<int:order_id>/", views.order, name="order"),
    path("orders/<int:order_id>/steps/<slug:act>", views.order_step, name="order_step"),
    path("penalties/", views.penalty_list, name="penalties"),
    path("penalties/new", views.penalty_new, name="penalty_new"),
    path("penalties/<int:penalty_id>/", views.penalty, name="penalty"),
    path("penalties/<int:penalty_id>/steps/<slug:act>", views.penalty_step, name="penalty_step"),
    path("penalties/<int:penalty_id>/unseal", views.unseal, name="unseal"),
    path("payments/<int:payment_id>/hand-in", views.hand_in, name="hand_in"),
    path("sealings/", views.sealing_list, name="sealings"),
    path("sealings/new", views.sealing_new, name="sealing_new"),
    path("sealings/<int:sealing_id>/", views.sealing, name="sealing"),
    path("sealings/<int:sealing_id>/steps/<slug:act>", views.sealing_step, name="sealing_step"),
    *transfer_urls.urlpatterns,
]
