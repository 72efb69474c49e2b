"""The API keeps what its own description says, whatever it is asked."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.generation import GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.api.gateway import Gateway, routes

TOKEN = {"Authorization": "Bearer ana"}
EXAMPLES = {GenerationMode.POSITIVE: 40, GenerationMode.NEGATIVE: 25}
# In a query every value is a text: a number where a list of texts is asked for is no breach that anybody could see.
UNSEEN_BREACHES = {"DELETE /admin/numbers"}
TOO_LONG = 414
"""The answer to an address that is longer than any server reads, before any API."""

# A replay's function shares this process's metrics with the API's.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:No application metrics to publish")


type Case = schemathesis.Case[Any]


def settings(examples: int, steps: int = 50) -> hypothesis.settings:
    """The same examples in every run."""
    return hypothesis.settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )


@pytest.fixture
def schema(gateway: Gateway) -> BaseSchema:
    """The description as it is served."""
    found: BaseSchema = schemathesis.openapi.from_url(f"{gateway.url}/api/v1/openapi.json")
    found.config.update(base_url=f"{gateway.url}/api/v1")
    return found


def operations(schema: BaseSchema) -> list[Any]:
    """Everything that the description offers."""
    return [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]


def ask(case: Case) -> None:
    """One request; its answer must be one that the description names, with that shape."""
    response = case.call(headers=TOKEN)
    if response.status_code == TOO_LONG:
        return
    # A schema does not say which texts are phone numbers.
    excluded: list[Any] = [positive_data_acceptance]
    excluded += [negative_data_rejection] if case.operation.label in UNSEEN_BREACHES else []
    case.validate_response(response, excluded_checks=excluded)


@pytest.mark.parametrize("mode", EXAMPLES)
def test_whatever_is_asked_is_answered_as_described(
    schema: BaseSchema, mode: GenerationMode, figure: Callable[[str], None]
) -> None:
    asked: Counter[str] = Counter()
    for operation in operations(schema):

        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        @settings(EXAMPLES[mode])
        def whatever(case: Case) -> None:
            asked[case.operation.label] += 1
            ask(case)

        whatever()

    offered = {f"{route.method} {route.resource.removeprefix('/api/v1')}" for route in routes()}
    assert set(asked) == offered - {"GET /openapi.json"}  # which schemathesis has read already
    figure(f"schemathesis, {mode.value}: {asked.total()} requests to {len(asked)} operations")


def test_one_thing_after_another_is_answered_as_described(
    schema: BaseSchema, gateway: Gateway, figure: Callable[[str], None]
) -> None:
    class Workflow(schema.as_state_machine()):  # type: ignore[misc]
        def get_call_kwargs(self, case: Case) -> dict[str, object]:
            """Signed in."""
            return {"headers": TOKEN}

        def validate_response(self, response: Any, case: Case, **more: object) -> None:
            """As above."""
            if response.status_code != TOO_LONG:
                case.validate_response(response, excluded_checks=[positive_data_acceptance, negative_data_rejection])

    run_state_machine_as_test(Workflow, settings=settings(40, steps=8))

    assert len(gateway.answered) > 100
    figure(f"schemathesis, stateful: {len(gateway.answered)} requests")


def test_nothing_is_answered_without_a_token(schema: BaseSchema) -> None:
    for operation in operations(schema):
        if operation.path == "/openapi.json":
            continue

        @hypothesis.given(case=operation.as_strategy())
        @settings(2)
        def unsigned(case: Case) -> None:
            for headers in ({"Authorization": "Bearer nobody"}, {"Authorization": "ana nobody"}, {"Authorization": ""}):
                response = case.call(headers=headers)
                assert response.status_code in {401, TOO_LONG}, case.operation.label

        unsigned()
