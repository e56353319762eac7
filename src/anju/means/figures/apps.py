from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FiguresConfig(AppConfig):
    name = "anju.means.figures"
    label = "figures"

    def ready(self) -> None:
        from anju.ground.foundation import navigation, story

        story.register({}, subjects={"figures.figuresnapshot": _("统计")})
        navigation.register(
            navigation.Item(
                label=_("统计"), url_name="figures:home", power="figures.see", icon="chart", order=60
            )
        )
        navigation.register(
            navigation.Item(
                label=_("报告数字"), url_name="figures:letter", power="figures.see", icon="chart", order=61
            )
        )
