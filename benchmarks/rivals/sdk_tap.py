"""A tap as the SDK's template suggests one, without anything of its own."""

import json

import requests
from kit import LISTS, LOGIN, SIZE, URL, pace
from singer_sdk import RESTStream, Tap
from singer_sdk.authenticators import APIKeyAuthenticator
from singer_sdk.pagination import BasePageNumberPaginator

TOKEN = requests.post(f"{URL}/v2api/auth/login", json=LOGIN, timeout=60).json()["token"]
pace()
BODY = {**LISTS[0], "page": 0, "pageSize": SIZE}
FIRST = requests.post(
    f"{URL}/v2api/customer/index", json=BODY, headers={"X-ALFACRM-TOKEN": TOKEN}, timeout=60
).json()["items"][0]
TYPES = {str: "string", int: "integer", list: "array", bool: "boolean"}
SCHEMA = {
    "type": "object",
    "properties": {
        name: {"type": [TYPES.get(type(value), "string"), "null"]} for name, value in FIRST.items()
    },
}


class Pages(BasePageNumberPaginator):
    def has_more(self, response):
        return bool(response.json()["items"])


class Customers(RESTStream):
    name = "customers"
    path = "/v2api/customer/index"
    url_base = URL
    http_method = "POST"
    records_jsonpath = "$.items[*]"
    primary_keys = ("id",)
    schema = SCHEMA
    partitions = LISTS

    @property
    def authenticator(self):
        return APIKeyAuthenticator(key="X-ALFACRM-TOKEN", value=TOKEN, location="header")

    def get_new_paginator(self):
        return Pages(start_value=0)

    def prepare_request_payload(self, context, next_page_token):
        pace()
        return {**context, "page": next_page_token or 0, "pageSize": SIZE}


class TapPlain(Tap):
    name = "tap-plain"
    config_jsonschema = {"type": "object", "properties": {}}

    def discover_streams(self):
        return [Customers(self)]


if __name__ == "__main__":
    TapPlain(config={}).sync_all()
    json.dumps({})
