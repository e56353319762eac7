"""Open the first login of an installation: an administrator of the city's housing department."""

import getpass
import os
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from anju.ground.access import services
from anju.ground.access.actors import SYSTEM
from anju.ground.access.models import Account
from anju.ground.foundation.refusals import Refusal
from anju.ground.organisations import services as organisations
from anju.ground.organisations.models import Organisation
from anju.ground.territory.models import Area


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", help="login; asked when not given")
        parser.add_argument("--name", default="", help="the person's name; the login when not given")
        parser.add_argument("--password-env", help="name of the environment variable with the password")
        parser.add_argument(
            "--if-none", action="store_true", help="do nothing when an account exists already"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["if_none"] and Account.objects.exists():
            return
        username = options["username"] or input(_("登录名：")).strip()
        password = self._password(options["password_env"])
        try:
            validate_password(password, Account(username=username))
            with transaction.atomic():
                self._create(username, options["name"] or username, password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(_("已开通管理员账号 %(name)s。首次登录时请启用动态验证码。") % {"name": username})

    def _password(self, variable: str | None) -> str:
        if variable:
            if variable not in os.environ:
                raise CommandError(_("环境变量 %(name)s 没有设置。") % {"name": variable})
            return os.environ[variable]
        first = getpass.getpass(_("密码（至少10个字符）："))
        if first != getpass.getpass(_("再输入一次：")):
            raise CommandError(_("两次输入的密码不一样。"))
        return first

    def _create(self, username: str, name: str, password: str) -> None:
        at = timezone.now()
        today = timezone.localtime(at).date()
        city = Area.objects.filter(level=Area.Level.CITY, active=True).order_by("pk").first()
        office = Organisation.objects.filter(kind="city_housing", active=True).order_by("pk").first()
        if office is None:
            office = organisations.create_organisation(
                kind="city_housing",
                name=_("%(city)s住房和城乡建设局") % {"city": city.name if city else ""},
                area=city,
                by=SYSTEM,
                at=at,
            )
        person = organisations.create_person(name=name, by=SYSTEM, at=at)
        organisations.hold_post(
            person=person, organisation=office, role="administrator", valid_from=today, by=SYSTEM, at=at
        )
        services.create_account(username=username, password=password, person=person, by=SYSTEM, at=at)
