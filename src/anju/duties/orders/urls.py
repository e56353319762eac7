"""Addresses of orders, batches of orders, and sealings."""

from django.urls import path

from .views import batches, orders, sealings

app_name = "orders"
urlpatterns = [
    path("orders/", orders.order_list, name="list"),
    path("orders/new", orders.order_new, name="new"),
    path("orders/batch", batches.batch_new, name="batch_new"),
    path("orders/batches/<int:job_id>/", batches.batch_result, name="batch"),
    path("orders/batches/<int:job_id>/<slug:form>", batches.batch_file, name="batch_file"),
    path("orders/<int:order_id>/", orders.order, name="order"),
    path("orders/<int:order_id>/steps/<slug:act>", orders.order_step, name="step"),
    path("sealings/", sealings.sealing_list, name="sealings"),
    path("sealings/new", sealings.sealing_new, name="sealing_new"),
    path("sealings/<int:sealing_id>/", sealings.sealing, name="sealing"),
    path("sealings/<int:sealing_id>/steps/<slug:act>", sealings.sealing_step, name="sealing_step"),
]
