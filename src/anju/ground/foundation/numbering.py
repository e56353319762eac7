"""Official numbers that cannot repeat or skip unnoticed: 机关代字〔年〕第0001号."""

from collections.abc import Sequence
from datetime import datetime

from django.db import models, transaction

from .models import IssuedNumber, NumberRegister


def take(*, code: str, year: int, subject: models.Model, at: datetime) -> IssuedNumber:
    """Give the next number of a register to `subject`, in the caller's transaction.

    The register row is locked until commit, so two officers wait for each other instead of sharing a number, and
    a roll-back gives the number back: the row stays gapless.
    """
    [number] = take_many(code=code, year=year, subjects=[subject], at=at)
    return number


def take_many(*, code: str, year: int, subjects: Sequence[models.Model], at: datetime) -> list[IssuedNumber]:
    """Give the next numbers of a register to several records in their order, under one lock; see `take`."""
    with transaction.atomic():
        NumberRegister.objects.get_or_create(code=code, year=year)
        register = NumberRegister.objects.select_for_update().get(code=code, year=year)
        first = register.last + 1
        register.last += len(subjects)
        register.save(update_fields=["last"])
        return IssuedNumber.objects.bulk_create(
            IssuedNumber(
                register=register,
                number=number,
                subject_type=subject._meta.label_lower,
                subject_id=subject.pk,
                issued_at=at,
            )
            for number, subject in enumerate(subjects, start=first)
        )


def written(number: IssuedNumber) -> str:
    """Write a number as offices do: 红住建责改字〔2024〕第0001号."""
    return f"{number.register.code}〔{number.register.year}〕第{number.number:04d}号"


def gaps(*, code: str, year: int) -> list[int]:
    """List the numbers of a register that no issued row holds; an auditor expects none."""
    register = NumberRegister.objects.filter(code=code, year=year).first()
    if register is None:
        return []
    held = set(register.issued.values_list("number", flat=True))
    return [n for n in range(1, register.last + 1) if n not in held]
