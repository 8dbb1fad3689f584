"""The tap: settings in, streams out."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.singerlib import Catalog
from typing_extensions import override

from tap_alfacrm.config import CONFIG_JSONSCHEMA, CREDENTIALS, missing_credentials, stripped
from tap_alfacrm.discovery import Discovery
from tap_alfacrm.errors import ConfigError, MissingSettingsError
from tap_alfacrm.records.keywords import field_names
from tap_alfacrm.schemas import standard_schema
from tap_alfacrm.sdk.catalog import chosen_catalog
from tap_alfacrm.sdk.command import CommandTap
from tap_alfacrm.sdk.environment import Environment
from tap_alfacrm.sdk.log_level import settle_log_level
from tap_alfacrm.sdk.map_names import check_shapes
from tap_alfacrm.sdk.output import Writer
from tap_alfacrm.sdk.settings import GivenSettings
from tap_alfacrm.sdk.state import usable_state
from tap_alfacrm.sdk.stream_maps import Mapper
from tap_alfacrm.sdk.termination import SignalledTap
from tap_alfacrm.streams import contact, customers, dictionaries, money, people, teaching
from tap_alfacrm.streams.audit import SyncAuditStream
from tap_alfacrm.streams.base import AlfaCRMStream
from tap_alfacrm.streams.run import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk import Stream
    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.singerlib import CatalogEntry

PREFIX = "TAP_ALFACRM_"
STREAMS: tuple[type[AlfaCRMStream], ...] = (
    dictionaries.BranchesStream,
    customers.CustomersStream,
    teaching.GroupsStream,
    dictionaries.CompaniesStream,
    dictionaries.RoomsStream,
    dictionaries.LocationsStream,
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
    teaching.LessonTypesStream,
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
"""In the order in which they are loaded: parents before their children.

Customers come first because they count every branch, which spares the others that, and groups come
early because the requests for their members then fill the waits for other lists.
"""
ALL_STREAMS: tuple[type[AlfaCRMStream | SyncAuditStream], ...] = (*STREAMS, SyncAuditStream)
"""Those of the API, and the verdicts on them."""
SPECS = {stream.name: stream.spec() for stream in ALL_STREAMS}


class TapAlfaCRM(SignalledTap, CommandTap):
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
        validate_config: bool = True,
        **kwargs: Any,
    ) -> None:
        settle_log_level(self.logger, PREFIX)
        given = config if isinstance(config, GivenSettings) else GivenSettings(config)
        if parse_env_config:
            given = self._with_environment(given)
        if catalog is not None:
            given_catalog = catalog.to_dict() if isinstance(catalog, Catalog) else catalog
            catalog = chosen_catalog(given_catalog, SPECS, self.logger)
        if state is not None:
            state = usable_state(state, SPECS, self.logger)
        check_shapes(given.get("stream_maps"))
        missing = missing_credentials(given)
        if missing and (validate_config or len(missing) < len(CREDENTIALS)):
            raise MissingSettingsError(missing, given.places)
        try:
            super().__init__(
                config=stripped(given),
                catalog=catalog,
                state=state,
                validate_config=validate_config,
                **kwargs,
            )
        except ConfigValidationError as error:
            raise ConfigError.from_validation(error) from None

    def _with_environment(self, given: GivenSettings) -> GivenSettings:
        """Settings of the environment go before those of files, and those before `.env`."""
        self.append_builtin_config(self.config_jsonschema)
        found = Environment.read(self.config_jsonschema, PREFIX)
        if found.path is not None:
            self.logger.info("Settings were read from %s.", found.path)
        places = [*given.places, *found.variables.places, *found.file.places]
        return GivenSettings({**found.file, **given, **found.variables}, places)

    @cached_property
    def run(self) -> Run:
        """What the streams of this run share."""
        return Run(self.config, self.logger, self._api_streams)

    def _api_streams(self) -> dict[str, AlfaCRMStream]:
        return {
            name: stream
            for name, stream in self.streams.items()
            if isinstance(stream, AlfaCRMStream)
        }

    @override
    def setup_mapper(self) -> None:
        self.mapper = Mapper(dict(self.config), self.logger, SPECS)
        self.mapper.register_raw_streams_from_catalog(self.catalog)

    @property
    @override
    def streams(self) -> dict[str, Stream]:
        """The streams by name, in the order in which they are loaded."""
        unordered = super().streams
        return {
            stream.name: unordered[stream.name]
            for stream in ALL_STREAMS
            if stream.name in unordered
        }

    @override
    def discover_streams(self) -> Sequence[Stream]:
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
        streams = [stream(self, self.run, found.get(stream.name)) for stream in STREAMS]
        return [*streams, SyncAuditStream(self, self.run.audit)]

    @property
    def _has_account(self) -> bool:
        return any(self.config.get(name) for name in CREDENTIALS)

    def _account_properties(self) -> dict[str, dict[str, Any]]:
        if self.input_catalog is not None:
            return {name: _added(name, entry) for name, entry in self.input_catalog.items()}
        if not self._has_account:
            self.logger.warning(
                "No account is given (%s), so these are the streams without custom fields.",
                ", ".join(CREDENTIALS),
            )
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
