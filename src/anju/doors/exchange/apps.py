from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "anju.doors.exchange"
    label = "exchange"
