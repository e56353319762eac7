from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DocumentsConfig(AppConfig):
    """Official documents: drafted, signed, numbered, drawn as .docx and .pdf, and kept."""

    name = "anju.means.documents"
    label = "documents"

    def ready(self) -> None:
        from anju.ground.foundation import desk, navigation, story

        from . import pages

        story.register({}, subjects={"documents.issueddocument": _("文书")})
        desk.register(pages.KIND)
        navigation.register(
            navigation.Item(
                label=_("文书"), url_name="documents:list", power="documents.issue", icon="file", order=55
            )
        )
