"""Environment variables of hosting platforms: the port to listen on, and the routes that Vertex AI asks for."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from houseprice.errors import ServingError
from houseprice.serving.protocols.routes import INVOCATIONS, PING

PORT_VARIABLES = ("HOUSEPRICE_PORT", "AIP_HTTP_PORT", "SAGEMAKER_BIND_TO_PORT", "PORT")
"""The first that is set decides: this project's, Vertex AI's, SageMaker's, and that of most other platforms."""

PORT = 8000
SAGEMAKER_PORT = 8080
PREDICT_VARIABLE = "AIP_PREDICT_ROUTE"
HEALTH_VARIABLE = "AIP_HEALTH_ROUTE"


def default_port(environ: Mapping[str, str]) -> int:
    """Return the port when no variable names one: 8080 in SageMaker, which is known by any `SAGEMAKER_*` variable."""
    return SAGEMAKER_PORT if any(name.startswith("SAGEMAKER_") for name in environ) else PORT


def add_vertex(app: FastAPI, environ: Mapping[str, str]) -> None:
    """Serve `/invocations` at `AIP_PREDICT_ROUTE` and `/ping` at `AIP_HEALTH_ROUTE`, where these are set.

    The route for predictions goes before another with the same path, since Vertex AI sends no other body; the one for
    health goes behind, since any other answers with the same status.

    Raises:
        ServingError: A variable is not a path.
    """
    if predict := _path(environ, PREDICT_VARIABLE):
        app.add_api_route(predict, _endpoint(app, INVOCATIONS), methods=["POST"], include_in_schema=False)
        app.router.routes.insert(0, app.router.routes.pop())
    if health := _path(environ, HEALTH_VARIABLE):
        app.add_api_route(health, _endpoint(app, PING), methods=["GET"], include_in_schema=False)


def _path(environ: Mapping[str, str], variable: str) -> str:
    path = environ.get(variable, "").strip()
    if path and (not path.startswith("/") or set(path) & set("{} ?#")):
        raise ServingError(f'{variable} is "{path}"; which is not a path such as "/predict".', code="route_invalid")
    return path


def _endpoint(app: FastAPI, path: str) -> Callable[..., Any]:
    return next(route.endpoint for route in app.routes if isinstance(route, APIRoute) and route.path == path)
