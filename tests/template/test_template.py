"""The template, as CloudFormation gets it: what no emulator shows, and AWS would show only when it hurts."""

import copy
import functools
from types import ModuleType
from typing import Final

import pytest

from tests.template import api, keeping, queues, rights, running, sign_in, told, topics
from tests.template.findings import Check, Mutation
from tests.template.translated import Template, functions, of_type, role_of, translate

MODULES: Final[tuple[ModuleType, ...]] = (rights, keeping, queues, topics, running, api, sign_in, told)
EVERYWHERE: Final[list[Check]] = [check for module in MODULES for check in module.CHECKS]
IN_PROD: Final[tuple[Check, ...]] = keeping.IN_PROD
BROKEN: Final[list[tuple[Check, Mutation]]] = [pair for module in MODULES for pair in module.BROKEN]

ENVIRONMENTS = ("local", "staging", "prod")
SENDER = "texts@example.com"

translated = functools.cache(translate)


@pytest.mark.parametrize("sender", ["", SENDER], ids=["without e-mail", "with e-mail"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("check", EVERYWHERE, ids=lambda check: check.__name__)
def test_it_holds(check: Check, environment: str, sender: str) -> None:
    assert check(translated(Environment=environment, EmailFrom=sender)) == []


@pytest.mark.parametrize("check", IN_PROD, ids=lambda check: check.__name__)
def test_it_holds_in_prod_only(check: Check) -> None:
    holds = {one: check(translated(Environment=one)) == [] for one in ENVIRONMENTS}

    assert holds == {"local": False, "staging": False, "prod": True}


@pytest.mark.parametrize(("check", "mutate"), BROKEN, ids=[check.__name__ for check, _ in BROKEN])
def test_it_is_noticed_when_it_does_not_hold(check: Check, mutate: Mutation) -> None:
    broken = copy.deepcopy(translated(Environment="prod", EmailFrom=SENDER))
    mutate(broken)

    assert check(broken) != []


def test_every_check_is_used_and_has_been_seen_to_fail() -> None:
    written = {
        one
        for module in MODULES
        for name, one in vars(module).items()
        if callable(one)
        and one.__module__ == module.__name__
        and not name.startswith("_")
        and one.__annotations__ == {"template": Template, "return": list[str]}
    }

    assert written == {*EVERYWHERE, *IN_PROD} == {check for check, _ in BROKEN}


def test_each_role_is_some_functions_or_the_schedules() -> None:
    template = translated()
    roles = {role_of(function) for function in functions(template).values()}

    assert of_type(template, "AWS::IAM::Role").keys() == {*roles, "SweeperEachMinuteRole"}


def test_the_endpoint_is_set_where_an_emulator_is_given_only() -> None:
    emulated = translated(AwsEndpointUrl="http://127.0.0.1:4566")

    for template, expected in ((translated(), None), (emulated, "http://127.0.0.1:4566")):
        for function in functions(template).values():
            assert function["Environment"]["Variables"].get("AWS_ENDPOINT_URL") == expected


def test_the_architecture_is_a_choice() -> None:
    intel = functions(translated(Architecture="x86_64"))

    assert {tuple(one["Architectures"]) for one in intel.values()} == {("x86_64",)}
