from django.apps import AppConfig


class FieldConfig(AppConfig):
    name = "anju.doors.field"
    label = "field"
