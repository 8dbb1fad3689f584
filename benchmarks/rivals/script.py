"""A plain script with requests and csv.DictWriter."""

import csv
import sys

import requests
from kit import LIST_URL, LISTS, LOGIN, SIZE, URL, pace

session = requests.Session()
token = session.post(f"{URL}/v2api/auth/login", json=LOGIN, timeout=60).json()["token"]
writer = None
for filters in LISTS:
    page = 0
    while True:
        pace()
        body = {**filters, "page": page, "pageSize": SIZE}
        headers = {"X-ALFACRM-TOKEN": token}
        items = session.post(LIST_URL, json=body, headers=headers, timeout=60).json()["items"]
        if not items:
            break
        if writer is None:
            writer = csv.DictWriter(sys.stdout, fieldnames=list(items[0]), extrasaction="ignore")
            writer.writeheader()
        writer.writerows(items)
        page += 1
