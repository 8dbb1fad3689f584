"""Downloads the pages without decoding them."""

import json

import urllib3
from kit import LIST_URL, LISTS, LOGIN, SIZE, URL, pace

http = urllib3.PoolManager()
token = json.loads(http.request("POST", f"{URL}/v2api/auth/login", json=LOGIN).data)["token"]
for filters in LISTS:
    page = 0
    while True:
        pace()
        body = {**filters, "page": page, "pageSize": SIZE}
        data = http.request("POST", LIST_URL, json=body, headers={"X-ALFACRM-TOKEN": token}).data
        if data.endswith(b'"items":[]}'):
            break
        page += 1
