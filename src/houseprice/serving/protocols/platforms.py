"""Variables of hosting platforms in, the port to listen on and the routes that they ask for out."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from houseprice.errors import ServingError
from houseprice.serving.protocols.routes import INVOCATIONS, PING

PORT_VARIABLES = ("HOUSEPRICE_PORT", "AIP_HTTP_PORT", "SAGEMAKER_BIND_TO_PORT", "PORT")
"""The first that is set names the port: our own, Vertex AI's, SageMaker's, and what most other platforms set."""

PORT = 8000
SAGEMAKER_PORT = 8080
PREDICT_VARIABLE = "AIP_PREDICT_ROUTE"
HEALTH_VARIABLE = "AIP_HEALTH_ROUTE"


def usual_port(environ: Mapping[str, str]) -> int:
    """Give back the port when no variable names one: SageMaker asks at 8080 and is known by any `SAGEMAKER_*`."""
    return SAGEMAKER_PORT if any(name.startswith("SAGEMAKER_") for name in environ) else PORT


def add_vertex(app: FastAPI, environ: Mapping[str, str]) -> None:
    """Serve `/invocations` at `AIP_PREDICT_ROUTE` and `/ping` at `AIP_HEALTH_ROUTE`, where these are set.

    The route for prices goes before one of our own with the same path, since Vertex AI writes no other body; the one
    for health behind it, since ours answers by the same status.

    Raises:
        ServingError: a route does not begin with a slash.
    """
    if predict := _path(environ, PREDICT_VARIABLE):
        app.add_api_route(predict, _named(app, INVOCATIONS), methods=["POST"], include_in_schema=False)
        app.router.routes.insert(0, app.router.routes.pop())
    if health := _path(environ, HEALTH_VARIABLE):
        app.add_api_route(health, _named(app, PING), methods=["GET"], include_in_schema=False)


def _path(environ: Mapping[str, str], variable: str) -> str:
    path = environ.get(variable, "").strip()
    if path and (not path.startswith("/") or set(path) & set("{} ?#")):
        raise ServingError(f'{variable} is "{path}"; expected a path such as "/predict"; correct it or leave it out.')
    return path


def _named(app: FastAPI, path: str) -> Callable[..., Any]:
    """Give back what answers at a path."""
    return next(route.endpoint for route in app.routes if isinstance(route, APIRoute) and route.path == path)
