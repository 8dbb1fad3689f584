"""The package aioalfacrm, with rows written as lines and its https URLs replaced by http."""

import asyncio
import json

import aioalfacrm.core.api
import aioalfacrm.core.auth
from aioalfacrm import AlfaClient
from kit import LISTS, LOGIN, SIZE, URL, pace


def make_url(hostname, api_method, branch_id=0):
    return f"{hostname}/v2api/{api_method}"


aioalfacrm.core.api.make_url = aioalfacrm.core.auth.make_url = make_url


async def main():
    client = AlfaClient(URL, LOGIN["email"], LOGIN["api_key"], 0)
    await client.auth()
    for filters in LISTS:
        page = 0
        while True:
            pace()
            rows = await client.customer.list(page, SIZE, **filters)
            if not rows:
                break
            for row in rows:
                print(
                    json.dumps(
                        row.serialize() if hasattr(row, "serialize") else row.__dict__, default=str
                    )
                )
            page += 1
    await client.close()


asyncio.run(main())
