from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrganisationsConfig(AppConfig):
    name = "anju.ground.organisations"
    label = "organisations"

    def ready(self) -> None:
        from anju.ground.foundation import beside, story
        from anju.ground.foundation.navigation import Item, register
        from anju.ground.territory.models import Estate

        from .views import of_estate

        register(
            Item(_("单位和企业"), "organisations:organisations", "organisations.see", "people", 71, _("档案"))
        )
        story.register(
            {},
            subjects={
                "organisations.organisation": _("单位"),
                "organisations.person": _("人员"),
                "organisations.post": _("岗位"),
                "organisations.servicecontract": _("物业服务合同"),
            },
        )
        beside.register(Estate, of_estate, order=10)
