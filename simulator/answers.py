"""Responses of the API."""

from __future__ import annotations

import json

import msgspec
from starlette.responses import HTMLResponse, Response

_ERRORS = {
    400: ("Bad Request", "yii\\web\\BadRequestHttpException"),
    401: ("Unauthorized", "yii\\web\\UnauthorizedHttpException"),
    403: ("Forbidden", "yii\\web\\ForbiddenHttpException"),
    404: ("Not Found", "yii\\web\\NotFoundHttpException"),
    405: ("Method Not Allowed", "yii\\web\\MethodNotAllowedHttpException"),
    429: ("Too Many Requests", "yii\\web\\TooManyRequestsHttpException"),
}
_OTHER = ("Error", "yii\\web\\HttpException")
_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


def answer(payload: object, *, escaped: bool = False) -> Response:
    """Return a response with status 200."""
    text = (
        json.dumps(payload).replace("/", "\\/").encode()
        if escaped
        else msgspec.json.encode(payload)
    )
    return Response(text, media_type="application/json; charset=UTF-8")


def error(status: int, message: str = "", *, retry_after: str | None = None) -> Response:
    """Return an error response in the format of Yii."""
    name, kind = _ERRORS.get(status, _OTHER)
    payload = {
        "name": name,
        "message": message or name,
        "code": 0,
        "status": status,
        "type": kind,
    }
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return Response(
        msgspec.json.encode(payload),
        status,
        headers,
        media_type="application/json; charset=UTF-8",
    )


def web_page(status: int) -> Response:
    """Return an HTML error page, as a web server in front of the application does."""
    return HTMLResponse(_PAGE.format("Service is being updated"), status)
