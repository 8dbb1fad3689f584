"""The baseline: decodes rows and writes RECORD lines without conversion."""

import json
import sys

import msgspec
import urllib3
from kit import LIST_URL, LISTS, LOGIN, SIZE, URL, pace

http = urllib3.PoolManager()
token = json.loads(http.request("POST", f"{URL}/v2api/auth/login", json=LOGIN).data)["token"]
decode = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode
for filters in LISTS:
    page = 0
    while True:
        pace()
        body = {**filters, "page": page, "pageSize": SIZE}
        data = http.request("POST", LIST_URL, json=body, headers={"X-ALFACRM-TOKEN": token}).data
        items = decode(data)["items"]
        if not items:
            break
        for row in items:
            line = encode({"type": "RECORD", "stream": "customers", "record": row})
            sys.stdout.buffer.write(line + b"\n")
        page += 1
