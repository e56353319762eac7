from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """Official documents: numbered, drawn as .docx and .pdf, and kept."""

    name = "anju.means.documents"
    label = "documents"
