"""The cast itself: each of them has the powers and the reach that their post gives."""

from anju.ground.access import services
from anju.ground.territory.models import Estate


def test_everybody_has_a_post(city, friday_9am):
    for name, member in vars(city.people).items():
        actor = member.actor(friday_9am)
        assert actor.powers, name
        assert actor.post


def test_all_estates_lie_where_they_say(city):
    assert Estate.objects.filter(area__county=city.areas.east).count() == 4
    assert city.areas.zone.name == "试点高新区"
    assert city.divisions.zone.statistical_zone
    assert city.areas.huaiyin.path == "试点市 东湖区 槐荫街道 槐荫社区"


def test_a_street_officer_reaches_the_street(street_officer, city, friday_9am):
    actor = street_officer.actor(friday_9am)
    assert [reach.id for reach in actor.powers["territory.see"]] == [city.areas.huaiyin_street.pk]
    names = set(services.visible(Estate, to=actor, power="territory.see").values_list("name", flat=True))
    assert names == {"槐荫小区", "铁路家属院", "柳园新村"}
