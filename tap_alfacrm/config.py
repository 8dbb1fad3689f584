"""The settings: declared once, as the schema that users see and as the typed config of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from tap_alfacrm.errors import ConfigError, MissingSettingsError
from tap_alfacrm.sdk import setting_values as values
from tap_alfacrm.sdk.config_schema import config_jsonschema

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

CREDENTIALS = ("hostname", "email", "api_key")
SECRET, DATE_TIME = {"secret": True}, {"format": "date-time"}

Text = Annotated[str, Meta(min_length=1)]
Kind = Annotated[int, Meta(ge=0, le=2)]
Identifier = Annotated[int, Meta(ge=0)]


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of the tap. `CONFIG_JSONSCHEMA` and the table in the README follow from it."""

    hostname: Annotated[
        Text,
        Meta(
            title="Hostname",
            description="Host of the account, such as `demo.s20.online` or `school.alfacrm.com`; "
            "with or without `https://`. Plain `http://` is accepted for loopback addresses only.",
        ),
    ]
    email: Annotated[
        Text,
        Meta(
            title="E-mail",
            description="E-mail of the API user. A dedicated user with read rights is best.",
        ),
    ]
    api_key: Annotated[
        Text,
        Meta(
            title="API key",
            description="Key of the API user: profile, 'API key (v2api)'.",
            extra_json_schema=SECRET,
        ),
    ]
    app_key: Annotated[
        str | None,
        Meta(
            title="Application key",
            description="Sent as the header `X-APP-KEY` with the login and with every request, "
            "for accounts that require one.",
            extra_json_schema=SECRET,
        ),
    ] = None
    branch_ids: Annotated[
        tuple[Identifier, ...] | None,
        Meta(
            title="Branches",
            description="Ids of the branches to load, each requested separately; a row of several "
            "branches is still emitted once. Unset: all branches that the user sees.",
        ),
    ] = None
    is_study: Annotated[
        tuple[Kind, ...],
        Meta(
            min_length=1,
            title="Kinds of customers",
            description="Partitions of `customers`: 0 leads, 1 clients, 2 both. With 2, leads and "
            "clients are checked against the account's own count of all customers.",
        ),
    ] = (0, 1, 2)
    include_archived: Annotated[
        bool,
        Meta(
            title="Include archived",
            description="Also load archived rows, marked by `is_archived`.",
        ),
    ] = True
    page_size: Annotated[
        int,
        Meta(
            ge=1,
            title="Page size",
            description="Rows per page to request (`pageSize`). An account may return fewer.",
        ),
    ] = 500
    requests_per_second: Annotated[
        float,
        Meta(
            gt=0,
            title="Requests per second",
            description="Rate limit for all streams together. The vendor allows 5.",
        ),
    ] = 5
    timezone: Annotated[
        str | None,
        Meta(
            title="Time zone",
            description="IANA time zone of the account's local times, such as `Europe/Kyiv`. "
            "Unset: `UTC`, with a warning, because local times are then shifted.",
        ),
    ] = None
    token_ttl_seconds: Annotated[
        int,
        Meta(
            ge=1,
            title="Token lifetime",
            description="Age in seconds at which the login token is renewed. "
            "Accounts drop it after 900 or 3600.",
        ),
    ] = 780
    request_timeout_seconds: Annotated[
        float,
        Meta(
            gt=0,
            le=86_400,
            title="Request timeout",
            description="Seconds to wait for a connection or for the next bytes of a response. "
            "A whole response may take three times as long.",
        ),
    ] = 60
    max_response_mb: Annotated[
        int,
        Meta(
            ge=1,
            title="Largest response",
            description="Megabytes that one response may have, decompressed. A larger one ends "
            "the run, so that a faulty server cannot take all memory.",
        ),
    ] = 256
    start_date: Annotated[
        str | None,
        Meta(
            title="Start date",
            description="Lower bound for incremental streams; full-table streams load everything.",
            extra_json_schema=DATE_TIME,
        ),
    ] = None
    lookback_days: Annotated[
        int,
        Meta(
            ge=0,
            le=36_500,
            title="Lookback",
            description="Days before its bookmark from which an incremental run requests changes, "
            "because the API filters by whole days only. Rows in that window are emitted again.",
        ),
    ] = 2
    message_lookback_days: Annotated[
        int,
        Meta(
            ge=0,
            title="Lookback of messages",
            description="The same for messages and calls, whose filter goes by the day of sending, "
            "so that a later change of their status is loaded too.",
        ),
    ] = 14
    child_refresh_days: Annotated[
        int,
        Meta(
            ge=1,
            title="Refresh of children",
            description="Days within which streams with a request per parent request each; in "
            "between, only new ones and those with a later `updated_at`. Counts of rows that "
            "stay the same are spread likewise. 1: all in each run.",
        ),
    ] = 1
    decimal_format: Annotated[
        str,
        Meta(
            pattern=r"^(number|string|singer\.decimal)$",
            title="Format of money",
            description="How money is written: `number` (exact JSON numbers), `string` (text, for "
            "loaders that make binary fractions of numbers) or `singer.decimal` (text with the "
            "format `x-singer.decimal`, of which loaders make DECIMAL). Discover again after a "
            "change.",
        ),
    ] = "number"
    detect_deletions: Annotated[
        bool,
        Meta(
            title="Detect deletions",
            description="End each completely read full table with ACTIVATE_VERSION, so that a "
            "target with `hard_delete` removes rows that the CRM no longer has.",
        ),
    ] = False
    require_complete: Annotated[
        bool,
        Meta(
            title="Require completeness",
            description="End the run with exit code 3, after all rows and the state, if a selected "
            "stream is not COMPLETE.",
        ),
    ] = False
    max_in_flight: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            title="Requests in flight",
            description="Maximum number of concurrent requests, within `requests_per_second`; "
            "1 sends each request after the response to the previous one.",
        ),
    ] = 8
    user_agent: Annotated[
        str | None,
        Meta(
            title="User agent",
            description="`User-Agent` header. Unset: the tap's name and version.",
        ),
    ] = None

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Config:
        """Check a configuration and give it its types.

        Args:
            config: The tap's configuration; keys this class does not know are left alone.

        Returns:
            The settings.

        Raises:
            ConfigError: With one line that names the setting and says what is right.
        """
        missing = missing_credentials(config)
        if missing:
            raise MissingSettingsError(missing)
        given = {key: value for key, value in config.items() if value is not None}
        try:
            settings = msgspec.convert(given, cls)
        except msgspec.ValidationError as error:
            reason, _, place = str(error).partition(" - at ")
            name = place.strip("`$.").removesuffix("[...]")
            raise ConfigError(name=name, why=reason[:1].lower() + reason[1:]) from None
        settings.check()
        return settings

    def check(self) -> None:
        """Check what the types alone cannot say; raises as `from_config` does."""
        for name in ("hostname", "email", "api_key", "app_key", "timezone", "start_date"):
            values.check_text(name, getattr(self, name) or "", has_spaces=name == "start_date")
        _ = self.base_url, self.zone, self.start
        for name in ("app_key", "user_agent"):
            values.check_header(name, getattr(self, name) or "")

    @property
    def start(self) -> dt.datetime | None:
        """`start_date` as a moment; a date without a zone is one in UTC.

        Raises:
            ConfigError: It is not a date.
        """
        return values.parse_start_date(self.start_date)

    @property
    def base_url(self) -> str:
        """`https://host[:port]`, without a trailing slash.

        Raises:
            ConfigError: The hostname is not a plain host.
        """
        return values.parse_hostname(self.hostname)

    @property
    def zone(self) -> dt.tzinfo:
        """Zone of the account's wall-clock fields.

        Raises:
            ConfigError: No such zone.
        """
        return values.parse_timezone(self.timezone)


def missing_credentials(config: Mapping[str, Any]) -> list[str]:
    """Names of the settings without which nothing can be requested."""
    return [name for name in CREDENTIALS if not config.get(name)]


def stripped(config: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without surrounding white space, which copying adds.

    Args:
        config: Settings; those of other classes are left alone.
    """
    return {
        name: value.strip()
        if isinstance(value, str) and name in Config.__struct_fields__
        else value
        for name, value in config.items()
    }


CONFIG_JSONSCHEMA = config_jsonschema(Config)
