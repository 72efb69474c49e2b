"""The REST API of the apps: routes in, problems out."""

from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError, ResponseValidationError
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from textension.api import admin, admin_numbers, people, texts
from textension.api.context import answers
from textension.api.document import document
from textension.api.problems import of_error, of_fields, problem
from textension.api.requests import PREFIX, known_parameters, normalized
from textension.errors import ConfigurationError, TextensionError, Unavailable

logger = Logger()
metrics = Metrics()
app = APIGatewayRestResolver(enable_validation=True, strip_prefixes=[PREFIX], response_validation_error_http_code=500)
app.use(middlewares=[known_parameters])
app.include_router(texts.router)
app.include_router(people.router)
app.include_router(admin_numbers.router, prefix="/admin")
app.include_router(admin.router, prefix="/admin")


@app.get(
    "/openapi.json",
    summary="This description",
    tags=["api"],
    operation_id="getOpenApi",
    responses=answers(None, public=True),
)
def openapi() -> Response[str]:
    """OpenAPI 3.1, made of the routes that are served."""
    return Response(200, "application/json", document(app), headers={"Cache-Control": "public, max-age=300"})


@app.exception_handler(TextensionError)  # type: ignore[untyped-decorator]
def refused(error: TextensionError) -> Response[str]:
    """What the package raised, as the apps get it."""
    if isinstance(error, Unavailable | ConfigurationError):
        logger.error("unavailable", reason=error.code, exc_info=error)
        metrics.add_metric("AppUnavailable", MetricUnit.Count, 1)
    return of_error(error, _request_id())


@app.exception_handler(RequestValidationError)  # type: ignore[untyped-decorator]
def unfit(error: RequestValidationError) -> Response[str]:
    """A request that does not fit its schema."""
    return of_fields(error.errors(), _request_id())


@app.exception_handler(ResponseValidationError)  # type: ignore[untyped-decorator]
def broken(_error: ResponseValidationError) -> Response[str]:
    """An answer that does not fit its own schema: ours is the fault. What it held stays out of the log."""
    logger.error("an answer does not fit its schema")
    return problem(500, "internal_error", "This did not work on our side.", _request_id())


@app.not_found
def not_found(_error: Exception) -> Response[str]:
    """No such route."""
    return problem(404, "not_found", "There is no such address or method.", _request_id())


@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """One request, as a REST API's proxy event."""
    metrics.add_metric("AppRequests", MetricUnit.Count, 1)
    try:
        event = normalized(event)
    except TextensionError as error:
        return app_response(of_error(error, event["requestContext"]["requestId"]))
    answer = app.resolve(event, context)
    logger.info("answered", method=event["httpMethod"], route=event["resource"], status=answer["statusCode"])
    return answer


def app_response(response: Response[str]) -> dict[str, Any]:
    """A response that no route gave, as API Gateway takes it."""
    headers = {"Content-Type": response.content_type, **response.headers}
    return {"statusCode": response.status_code, "headers": headers, "body": response.body, "isBase64Encoded": False}


def _request_id() -> str:
    return str(app.current_event.request_context.request_id)
