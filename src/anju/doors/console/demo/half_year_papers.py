"""What lies behind the fines for e-bikes in old communities: photos, checked items, the order, the decision."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from anju.duties.cases.models import Case
from anju.duties.cases.queries import catalogue
from anju.duties.cases.services import evidence
from anju.duties.inspections.models import CheckedItem, VisitPart
from anju.duties.inspections.queries import checklists
from anju.duties.orders.models import Order
from anju.duties.orders.services.papers import issue_paper
from anju.duties.penalties.models import Penalty
from anju.ground.access.actors import Actor
from anju.ground.foundation import citations
from anju.means.documents.rules.facts import (
    HazardLine,
    Inspector,
    OrderImmediateData,
    Party,
    Signature,
    SpotDecisionData,
)

from .city import City
from .half_year_rows import Fine
from .pictures import photo


class Papers:
    """Draws and issues them, as the officers would have on the day."""

    def __init__(self, city: City, book: dict[str, Any]):
        self.city = city
        self.book = book
        self.words: dict[str, Any] = book["papers"]

    def write(self, fines: Sequence[Fine]) -> None:
        """Write the papers of each fine in the order of the days, so that their numbers follow one another."""
        for number, fine in enumerate(sorted(fines, key=lambda f: f.check.began)):
            by = self.city.actors[fine.check.unit.home.station.pk]
            self._photos(fine, by, seed=9000 + number)
            self._order(fine, by)
            self._items(fine)
        for fine in sorted(fines, key=lambda f: f.decided):
            self._decision(fine, self.city.actors[fine.check.unit.home.station.pk])

    def _photos(self, fine: Fine, by: Actor, *, seed: int) -> None:
        case = Case.objects.get(pk=fine.seen.case_id)
        estate = fine.check.unit.estate
        point = (
            (estate.longitude, estate.latitude)
            if estate is not None and estate.longitude is not None and estate.latitude is not None
            else None
        )
        fixed_at = case.closed_at - timedelta(minutes=2) if case.closed_at is not None else fine.check.ended
        for purpose, at in (("report", fine.check.began + timedelta(minutes=4)), ("recheck", fixed_at)):
            picture = photo(
                "ebike", fixed=purpose == "recheck", seed=seed, taken_at=timezone.localtime(at), point=point
            )
            file = SimpleUploadedFile(f"{fine.seen.place}.jpg", picture, content_type="image/jpeg")
            evidence.add(case, file, purpose=purpose, by=by, at=at)

    def _inspectors(self, fine: Fine, by: Actor) -> tuple[Inspector, ...]:
        penalty = Penalty.objects.get(pk=fine.id)
        return tuple(Inspector(officer.name, officer.badge) for officer in penalty.officers.all())

    def _basis(self, fine: Fine) -> tuple[str, ...]:
        leaf = catalogue.find("hazard", fine.seen.code, on=fine.check.on)
        return tuple(
            citations.cite(key, chinese=True) for key in leaf.basis if not key.startswith("xx-defaults")
        )

    def _order(self, fine: Fine, by: Actor) -> None:
        unit, station = fine.check.unit, fine.check.unit.home.station
        order = Order.objects.get(visit_id=fine.check.id, kind="immediate")
        leaf = catalogue.find("hazard", fine.seen.code, on=fine.check.on)
        basis = self._basis(fine)
        issued = issue_paper(
            kind="order_immediate",
            data=OrderImmediateData(
                organisation=station.name,
                recipient=fine.name,
                place=f"{unit.name}{unit.address}",
                inspected_on=fine.check.on,
                basis=basis,
                hazards=(HazardLine(fine.seen.place, leaf.name, basis[0]),),
                inspectors=self._inspectors(fine, by),
                phone=station.phone,
            ),
            office=station,
            subject=order,
            by=by,
            at=fine.check.ended,
        )
        Order.objects.filter(pk=order.pk).update(document_id=issued.pk, written_number=issued.written_number)

    def _items(self, fine: Fine) -> None:
        """Write down each item of the checklist, as the officers did at these visits: a problem where one was found."""
        part = VisitPart.objects.get(visit_id=fine.check.id)
        form = checklists.at_edition(part.checklist, part.edition)
        codes = {seen.code for seen in fine.check.seen}
        CheckedItem.objects.bulk_create(
            CheckedItem(part=part, item=item.code, result="problem" if codes & set(item.classes) else "ok")
            for item in form.items
        )

    def _decision(self, fine: Fine, by: Actor) -> None:
        unit, station = fine.check.unit, fine.check.unit.home.station
        penalty = Penalty.objects.get(pk=fine.id)
        article = citations.cite(fine.article, chinese=True)
        issued = issue_paper(
            kind="spot_decision",
            data=SpotDecisionData(
                organisation=station.name,
                party=Party(fine.name, is_unit=False),
                happened_at=fine.check.began,
                place=f"{unit.name}{fine.seen.place}",
                facts=self.words["facts"].format(place=f"{unit.name}{fine.seen.place}"),
                violated=(article,),
                basis=(article,),
                amount=Decimal(fine.yuan),
                officers=self._inspectors(fine, by),
                evidence=tuple(self.words["evidence"]),
                statement=self.words["statement"],
                phone=station.phone,
                signature=Signature(name=fine.name, at=fine.decided),
            ),
            office=station,
            subject=penalty,
            by=by,
            at=fine.decided,
        )
        Penalty.objects.filter(pk=penalty.pk).update(
            document_id=issued.pk, written_number=issued.written_number
        )
