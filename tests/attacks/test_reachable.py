"""What somebody may do is found from where they land, and nothing that they are shown leads to a refusal.

One person for each role of the rulebook walks the city from the first page on, by links, search boxes and navigation.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone

from anju.ground.foundation import acts, rulebooks
from tests.cast import Member

from .duty_world import World, hire

pytestmark = pytest.mark.django_db

CLICKS = 3
# What ends the session or leaves the staff's pages.
LEFT = ("/account/logout", "/static/", "/media/", "/language")
# What is chosen on the page of another power: the kinds of ledgers.
WITHIN = (("exchange.import", "exchange.stations"),)
_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_BUTTON = re.compile(r'formaction="([^"]+)"')


@dataclass
class Walk:
    """What one person meets: where pages led that they could not open, and which powers found their page."""

    actor: Any
    client: Client
    faults: list[str] = field(default_factory=list)
    powers: set[str] = field(default_factory=set)
    opened: set[Any] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)

    def go(self, *starts: str) -> None:
        """Follow everything that is shown, from the first pages on."""
        ahead = [(start, "the start") for start in starts]
        for clicks in range(CLICKS + 1):
            found: list[tuple[str, str]] = []
            for url, origin in ahead:
                found += self.open(url, origin, last=clicks == CLICKS)
            ahead = found

    def open(self, url: str, origin: str, *, last: bool) -> list[tuple[str, str]]:
        """Open the first page of each kind and return where it leads; of the others, see whom they let in."""
        url = urldefrag(url).url
        if url in self.seen or not url.startswith("/") or url.startswith(LEFT):
            return []
        self.seen.add(url)
        kind = self._judge(url, origin)
        if kind is None or kind in self.opened:
            return []
        self.opened.add(kind)
        page = self.client.get(url)
        if page.status_code in (301, 302):
            return self.open(urljoin(url, page["Location"]), origin, last=last)
        if page.status_code == 422:
            return []  # the answer to a choice, with words and a way on
        if page.status_code != 200:
            self.faults.append(f"{url} ({page.status_code}), shown on {origin}")
            return []
        self._count(url)
        if last or page.streaming or "html" not in page["Content-Type"]:
            return []
        return [(urljoin(url, one), url) for one in self._leads(url, page.content.decode())]

    def _leads(self, url: str, html: str) -> list[str]:
        """List the addresses that a page shows; what is sent to others is judged by whom they let in."""
        found = [unescape(one) for one in re.findall(r'<a\b[^>]*\bhref="([^"]+)"', html)]
        for head, body in _FORM.findall(html):
            told = {name: unescape(value) for name, value in _ATTRIBUTE.findall(head)}
            action = told.get("action") or url
            if told.get("method", "get").lower() == "get":
                named = re.findall(r'<input\b[^>]*type="(?:search|text)"[^>]*name="([^"]+)"', body)
                found.append(f"{action.split('?')[0]}?{'&'.join(f'{name}=1' for name in named)}")
                continue
            for sent in (action, *map(unescape, _BUTTON.findall(body))):
                where = urljoin(url, sent)
                if self._judge(where, url) is not None:
                    self._count(where)
        return found

    def _judge(self, url: str, origin: str) -> tuple[Any, ...] | None:
        """See that an address is there and lets the reader in; return what kind of page it is."""
        path = urlsplit(url).path
        try:
            found = resolve(path)
        except Resolver404:
            self.faults.append(f"{path} is nowhere, shown on {origin}")
            return None
        powers = getattr(found.func, "anju_powers", ())
        if powers and not any(self.actor.has(one) for one in powers):
            self.faults.append(f"{path} takes {'|'.join(powers)}, shown on {origin}")
            return None
        asked = sorted({name for name, _value in parse_qsl(urlsplit(url).query)})
        return found.view_name, found.kwargs.get("act"), *asked

    def _count(self, url: str) -> None:
        """Note the powers that have found their page: that of the page, and of what is done to what it shows."""
        found = resolve(urlsplit(url).path)
        shown = set(getattr(found.func, "anju_powers", ()))
        verbs = acts.verbs()
        written = [verbs[name].steps for name in getattr(found.func, "anju_writes", ()) if name in verbs]
        loops = [loop.steps for loop in acts.loops() if loop.see in shown]
        self.powers |= (
            shown
            | {power for page, power in WITHIN if page in shown}
            | {step.power for steps in (*written, *loops) for step in steps}
        )


def roles() -> dict[str, Any]:
    """Return the roles of the rulebook."""
    return dict(rulebooks.load("access", on=timezone.localdate())["roles"])


def of_role(key: str, everything: World) -> Member:
    """Hire somebody for a role, within 东湖区, in an office where it is usual."""
    city = everything.city
    offices = {office.kind: office for office in vars(city.offices).values()}
    offices |= {
        office.kind: office
        for name, office in vars(city.offices).items()
        if name.startswith(("huaiyin", "east"))
    }
    offices["property_company"] = city.offices.company
    usual = next(offices[kind] for kind in roles()[key]["in"] if kind in offices)
    return hire(usual, "演某", f"role-{key}".replace("_", "-"), key)


def walked(member: Member, client: Client, at: datetime) -> Walk:
    """Let one person walk."""
    walk = Walk(member.actor(at), client)
    starts = [reverse("console:home")]
    if walk.actor.has("cases.check"):
        starts.append(reverse("field:home"))
    walk.go(*starts)
    return walk


@pytest.mark.parametrize("role", roles())
def test_each_power_has_its_page_and_nothing_shown_leads_to_a_refusal(role, everything, signed_in_as, now):
    member = of_role(role, everything)
    walk = walked(member, signed_in_as(member), timezone.now())
    lost = sorted(set(walk.actor.powers) - walk.powers)
    assert walk.faults + [f"no page for {power}" for power in lost] == []
