from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    name = "anju.means.documents"
    label = "documents"
