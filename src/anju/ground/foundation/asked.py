"""What stands in an address or a form, read without trusting it; and from where it was asked."""

from datetime import date
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def whole(text: str | None) -> int | None:
    """Return the whole number that a text writes in at most 18 digits, or None for anything else.

    `str.isdigit` also holds for ² and ①, which `int` refuses, and for thousands of digits, which no column takes.
    """
    text = (text or "").strip()
    return int(text) if 0 < len(text) <= 18 and text.isdecimal() else None


def day(text: object) -> date | None:
    """Return the day that a text writes as 2024-03-05, or None for anything else.

    Days of other centuries are none: a list that asks "until the day after 9999-12-31" has no answer.
    """
    try:
        found = date.fromisoformat(str(text or "").strip())
    except ValueError:
        return None
    return found if 1900 < found.year < 2200 else None


def came_from(request: HttpRequest, default: str) -> str:
    """Return the page of ours to go back to after an act: the one that the form names, or on which it stood."""
    wanted = str(request.POST.get("next") or request.headers.get("referer", ""))
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()})
    return wanted if safe else default


def address_of(request: HttpRequest) -> str:
    """Return the address that a request came from, behind as many proxies of our own as ANJU_PROXIES says."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.PROXIES and (hops := request.headers.get("x-forwarded-for", "").split(",")):
        # Each proxy of ours appends who spoke to it; what stands further left is the caller's own word.
        address = hops[max(-settings.PROXIES, -len(hops))].strip() or address
    try:
        return str(ip_address(address.split("%")[0]))
    except ValueError:
        return request.META.get("REMOTE_ADDR", "")


def origin_of(request: HttpRequest) -> str:
    """Return the address a request is counted under; of IPv6 the network, since one household holds all of it."""
    address = address_of(request)
    return str(ip_network((address, 64), strict=False)) if ":" in address else address
