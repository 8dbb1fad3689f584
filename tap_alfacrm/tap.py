"""The tap: settings in, streams out."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.singerlib import Catalog
from typing_extensions import override

from tap_alfacrm.config import CONFIG_JSONSCHEMA, CREDENTIALS
from tap_alfacrm.discovery import Discovery
from tap_alfacrm.errors import ConfigError
from tap_alfacrm.records.converter import field_names
from tap_alfacrm.schemas import standard_schema
from tap_alfacrm.sdk.environment import from_environment
from tap_alfacrm.sdk.inputs import check_configs, check_state, with_chosen_methods
from tap_alfacrm.sdk.output import Writer
from tap_alfacrm.sdk.stream_maps import Mapper
from tap_alfacrm.streams import contact, customers, dictionaries, money, people, teaching
from tap_alfacrm.streams.run import Run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    import click
    from singer_sdk import Stream
    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.singerlib import CatalogEntry

    from tap_alfacrm.streams.base import AlfaCRMStream

STREAMS: tuple[type[AlfaCRMStream], ...] = (
    dictionaries.BranchesStream,
    dictionaries.CompaniesStream,
    dictionaries.LocationsStream,
    dictionaries.RoomsStream,
    dictionaries.SubjectsStream,
    dictionaries.StreamingsStream,
    dictionaries.PipelinesStream,
    dictionaries.LeadStatusesStream,
    dictionaries.LeadSourcesStream,
    dictionaries.LeadRejectsStream,
    dictionaries.StudyStatusesStream,
    dictionaries.CustomerRejectsStream,
    people.UsersStream,
    people.TeachersStream,
    people.TeacherRatesStream,
    people.WorkingHoursStream,
    customers.CustomersStream,
    teaching.LessonTypesStream,
    teaching.GroupsStream,
    teaching.RegularLessonsStream,
    teaching.LessonsStream,
    money.TariffsStream,
    money.DiscountsStream,
    money.PayTypesStream,
    money.PayAccountsStream,
    money.PayItemCategoriesStream,
    money.PayItemsStream,
    money.PaysStream,
    contact.TasksStream,
    contact.LogsStream,
    contact.SmsMessagesStream,
    contact.MailMessagesStream,
    contact.PhoneCallsStream,
    teaching.GroupMembershipsStream,
    teaching.CustomerCalendarsStream,
    money.CustomerTariffsStream,
    money.CustomerBonusBalancesStream,
    contact.CommunicationsStream,
)
"""In the order in which they are loaded: parents before their children."""


class TapAlfaCRM(Tap):
    """Singer tap for AlfaCRM, the CRM of schools and education centres: every row, exactly once."""

    name = "tap-alfacrm"
    message_writer_class = Writer
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
    config_jsonschema = CONFIG_JSONSCHEMA

    @override
    def __init__(
        self,
        *,
        config: dict[str, Any] | None = None,
        catalog: dict[str, Any] | Catalog | None = None,
        state: dict[str, Any] | None = None,
        parse_env_config: bool = False,
        **kwargs: Any,
    ) -> None:
        given = dict(config or {})
        if parse_env_config:
            self.append_builtin_config(self.config_jsonschema)
            given |= from_environment(self.config_jsonschema, "TAP_ALFACRM_")
        if catalog is not None and not isinstance(catalog, Catalog):
            catalog = with_chosen_methods(catalog)
        if state is not None:
            check_state(state)  # before the SDK takes what is no object for a path
        try:
            super().__init__(config=given, catalog=catalog, state=state, **kwargs)
        except ConfigValidationError as error:
            raise ConfigError.from_validation(error) from None

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        check_configs(value)
        return super().cb_config(ctx, param, value)

    @cached_property
    def run(self) -> Run:
        """What the streams of this run share."""
        return Run(self.config, self.logger, lambda: cast("dict[str, AlfaCRMStream]", self.streams))

    @override
    def setup_mapper(self) -> None:
        self.mapper = Mapper(plugin_config=dict(self.config), logger=self.logger)
        self.mapper.register_raw_streams_from_catalog(self.catalog)

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Write the state, as the SDK does, and end here and now with 128 and the signal.

        The SDK's SystemExit is lost where a signal comes while an object is being collected,
        and its code 0 would have a load that was cut short taken for a whole one.
        """
        try:
            super()._handle_termination(signum, frame)
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                self.logger.critical(
                    "Stopped by %s before the end. The next run continues from the last state.",
                    signal.Signals(signum).name,
                )
            os._exit(128 + signum)

    @property
    @override
    def streams(self) -> dict[str, Stream]:
        """The streams by name, in the order in which they are loaded."""
        unordered = super().streams
        return {
            stream.name: unordered[stream.name] for stream in STREAMS if stream.name in unordered
        }

    @override
    def discover_streams(self) -> Sequence[AlfaCRMStream]:
        """Make the streams, with the account's own fields where an account is given.

        Raises:
            ConfigError: A setting is wrong.
        """
        if self._has_account and self.run.config.timezone is None:
            self.logger.warning(
                "The setting timezone is unset, so local times are read as UTC. "
                "Set it to the account's zone, such as Europe/Kyiv."
            )
        found = self._account_properties()
        return [stream(self, self.run, found.get(stream.name)) for stream in STREAMS]

    @property
    def _has_account(self) -> bool:
        return any(self.config.get(name) for name in CREDENTIALS)

    def _account_properties(self) -> dict[str, dict[str, Any]]:
        if self.input_catalog is not None:
            return {name: _added(name, entry) for name, entry in self.input_catalog.items()}
        if not self._has_account:
            return {}
        discovery = Discovery(self.run.client, self.run.config, self.logger)
        return discovery.properties(stream for stream in STREAMS if stream.has_custom_fields)


def _added(name: str, entry: CatalogEntry) -> dict[str, Any]:
    """Properties of a catalog that the schema file does not have."""
    if name not in {stream.name for stream in STREAMS}:
        return {}
    standard = standard_schema(name)["properties"]
    given = entry.schema.to_dict().get("properties", {})
    known = {*standard, *field_names(standard)}
    return {field: schema for field, schema in given.items() if field not in known}
