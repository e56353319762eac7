"""Names by their first letters."""

import pytest

from anju.ground.foundation.pinyin import initials, sort_key


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("长垣市", "cys"),
        ("牧野区", "myq"),
        ("红旗区", "hqq"),
        ("凤泉区", "fqq"),
        ("获嘉县", "hjx"),
        ("潞王坟乡", "lwfx"),
        ("大召营镇", "dzyz"),
        ("重庆路社区", "cqlsq"),
        ("曾岗村", "zgc"),
        ("向阳小区街道", "xyxqjd"),
        ("8号楼", "8hl"),
        ("Ａ座", "az"),
        ("平原城乡一体化示范区", "pycxythsfq"),
        ("蓝堡湾·一期", "lbwyq"),
        ("", ""),
    ],
)
def test_places(name, letters):
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("单雄信", "sxx"),
        ("曾国强", "zgq"),
        ("重耳", "ce"),
        ("尉迟恭", "ycg"),
        ("解缙", "xj"),
        ("任大伟", "rdw"),
        ("李长江", "lcj"),
    ],
)
def test_people(name, letters):
    assert initials(name, person=True) == letters


def test_a_list_stands_in_the_order_of_the_dictionary():
    names = ["卫辉市", "长垣市", "封丘县", "凤泉区", "辉县市", "红旗区"]
    assert sorted(names, key=sort_key) == ["长垣市", "封丘县", "凤泉区", "红旗区", "辉县市", "卫辉市"]
