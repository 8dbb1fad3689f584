"""dlt's rest_api source, with rows counted and discarded."""

import dlt
import requests
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator
from kit import LISTS, LOGIN, SIZE, URL, pace

token = requests.post(f"{URL}/v2api/auth/login", json=LOGIN, timeout=60).json()["token"]


class BodyPages(PageNumberPaginator):
    def update_request(self, request):
        pace()
        request.json["page"] = self.current_value


@dlt.resource
def customers():
    for filters in LISTS:
        client = RESTClient(
            URL,
            headers={"X-ALFACRM-TOKEN": token},
            paginator=BodyPages(base_page=0, total_path=None, stop_after_empty_page=True),
            data_selector="items",
        )
        pace()
        body = {**filters, "page": 0, "pageSize": SIZE}
        yield from client.paginate("/v2api/customer/index", method="POST", json=body)


number = sum(1 for _ in customers())
print(number)
