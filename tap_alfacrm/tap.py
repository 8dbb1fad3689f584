"""The settings, and which streams there are."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Tap
from singer_sdk import typing as th
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from typing_extensions import override

from tap_alfacrm.cells import make_json_readable
from tap_alfacrm.discovery import account_properties
from tap_alfacrm.environment import from_environment
from tap_alfacrm.errors import SettingsError
from tap_alfacrm.session import Session
from tap_alfacrm.settings import CREDENTIALS, Settings
from tap_alfacrm.streams.base import standard_schema
from tap_alfacrm.streams.customers import CustomersStream
from tap_alfacrm.streams.dictionaries import (
    BranchesStream,
    CustomerRejectsStream,
    LeadRejectsStream,
    LeadStatusesStream,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.helpers.capabilities import CapabilitiesEnum

    from tap_alfacrm.streams.base import AlfaCRMStream

STREAMS: tuple[type[AlfaCRMStream], ...] = (
    BranchesStream,
    CustomerRejectsStream,
    CustomersStream,
    LeadRejectsStream,
    LeadStatusesStream,
)


class TapAlfaCRM(Tap):
    """Singer tap for AlfaCRM, the CRM of schools and education centres: every row, exactly once."""

    name = "tap-alfacrm"
    message_writer_class = MsgSpecWriter
    capabilities: ClassVar[
        list[CapabilitiesEnum]
    ] = [  # without BATCH, which would bypass stream maps
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    config_jsonschema = th.PropertiesList(
        th.Property(
            "hostname",
            th.StringType(nullable=False),
            required=True,
            title="Hostname",
            description="Host of the account, such as `demo.s20.online` or `school.alfacrm.com`; "
            "with or without `https://`. Plain `http://` is accepted for loopback addresses only.",
        ),
        th.Property(
            "email",
            th.StringType(nullable=False),
            required=True,
            title="E-mail",
            description="E-mail of the API user. A user of its own, with read rights, is best.",
        ),
        th.Property(
            "api_key",
            th.StringType(nullable=False),
            required=True,
            secret=True,
            title="API key",
            description="Key of the API user: profile, 'API key (v2api)'.",
        ),
        th.Property(
            "app_key",
            th.StringType,
            secret=True,
            title="Application key",
            description="Sent as the header `X-APP-KEY` on login and on every call, "
            "for accounts that want one.",
        ),
        th.Property(
            "branch_ids",
            th.ArrayType(th.IntegerType),
            title="Branches",
            description="Ids of the branches to ask, one pass for each, rows still once. "
            "Unset: all branches that the user sees, in one pass.",
        ),
        th.Property(
            "is_study",
            th.ArrayType(th.IntegerType),
            default=[0, 1, 2],
            title="Kinds of cards",
            description="Partitions of `customers`: 0 leads, 1 clients, 2 both. With 2 in it, "
            "the first two are checked against the account's own count of all cards.",
        ),
        th.Property(
            "include_archived",
            th.BooleanType,
            default=True,
            title="Include archived",
            description="Also load archived rows, marked by `is_archived`.",
        ),
        th.Property(
            "page_size",
            th.IntegerType,
            default=500,
            title="Page size",
            description="Rows to ask for on a page (`pageSize`). "
            "An account that gives fewer is believed.",
        ),
        th.Property(
            "requests_per_second",
            th.NumberType,
            default=5,
            title="Requests per second",
            description="Most requests in any second, all streams together. The vendor allows 5.",
        ),
        th.Property(
            "timezone",
            th.StringType,
            title="Time zone",
            description="IANA zone of the account's wall clock, such as `Europe/Kyiv`. "
            "Unset: `UTC`, with a warning, because local times then come out shifted.",
        ),
        th.Property(
            "token_ttl_seconds",
            th.IntegerType,
            default=780,
            title="Token lifetime",
            description="Age in seconds at which the login token is renewed. "
            "Accounts drop it after 900 or 3600.",
        ),
        th.Property(
            "request_timeout_seconds",
            th.NumberType,
            default=60,
            title="Request time-out",
            description="Seconds to wait for a connection, or for an answer.",
        ),
        th.Property(
            "start_date",
            th.DateTimeType,
            title="Start date",
            description="Lower bound for incremental streams; full-table streams load everything.",
        ),
        th.Property(
            "user_agent",
            th.StringType,
            title="User agent",
            description="`User-Agent` header. Unset: the tap's name and version.",
        ),
    ).to_dict()

    @override
    def __init__(
        self,
        *,
        config: dict[str, Any] | None = None,
        parse_env_config: bool = False,
        **kwargs: Any,
    ) -> None:
        given = dict(config or {})
        if parse_env_config:
            self.append_builtin_config(self.config_jsonschema)
            given |= from_environment(self.config_jsonschema, "TAP_ALFACRM_")
        try:
            super().__init__(config=given, **kwargs)
        except ConfigValidationError as error:
            raise SettingsError.from_validation(error) from None

    @cached_property
    def settings(self) -> Settings:
        """The settings of this run.

        Raises:
            SettingsError: One is missing or wrong.
        """
        return Settings.from_config(self.config)

    @cached_property
    def session(self) -> Session:
        """The conversation with the account, shared by all streams."""
        return Session(self.settings, self.logger)

    @override
    def setup_mapper(self) -> None:
        super().setup_mapper()
        make_json_readable(self.mapper)

    @override
    def discover_streams(self) -> Sequence[AlfaCRMStream]:
        """Make the streams, with the account's own fields where an account is given.

        Raises:
            SettingsError: A setting is wrong.
        """
        if self._has_account:
            _ = self.settings
            if self.settings.timezone is None:
                self.logger.warning(
                    "The setting timezone is unset: wall-clock times are taken for UTC. "
                    "Set it to the account's zone, such as Europe/Kyiv."
                )
        return [stream(self, self._account_properties(stream)) for stream in STREAMS]

    @property
    def _has_account(self) -> bool:
        return any(self.config.get(name) for name in CREDENTIALS)

    def _account_properties(self, stream: type[AlfaCRMStream]) -> dict[str, Any]:
        if self.input_catalog is not None:
            entry = self.input_catalog.get_stream(stream.name)
            given = entry.schema.to_dict().get("properties", {}) if entry else {}
            standard = standard_schema(stream.name)["properties"]
            return {name: schema for name, schema in given.items() if name not in standard}
        if stream.has_custom_fields and self._has_account:
            return account_properties(self.session, self.settings, stream)
        return {}
