"""Stream maps for the streams that are loaded.

Overrides `PluginMapper.register_raw_streams_from_catalog`, which holds the map of a stream against
its selected columns even where none is selected, and so ends the run of everybody who deselects a
stream that has a map (https://github.com/meltano/sdk/issues/1942). singer-sdk 0.55 makes this part
unnecessary (https://github.com/meltano/sdk/pull/3046). Also overrides `StreamMap.transform` and
`StreamMap.get_filter_result`, whose errors hold the value of a row; no version makes that
unnecessary yet.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import MappingError
from singer_sdk.mapper import CustomStreamMap, PluginMapper
from singer_sdk.singerlib import Catalog
from typing_extensions import override

from tap_alfacrm.errors import ConfigError
from tap_alfacrm.schemas import with_precision
from tap_alfacrm.sdk.flattening import WrappedMap, make_json_readable
from tap_alfacrm.sdk.map_names import check_names

if TYPE_CHECKING:
    import logging
    from collections.abc import Collection, Iterator, Sequence

    from singer_sdk.singerlib import CatalogEntry


class Mapper(PluginMapper):
    """Stream maps that ignore deselected streams, and whose errors hold no value of a row."""

    def __init__(
        self, plugin_config: dict[str, Any], logger: logging.Logger, names: Collection[str]
    ) -> None:
        """Read the maps of a config.

        Args:
            plugin_config: The config.
            logger: Receives a warning for maps that name nothing.
            names: All streams of the tap, whether or not in its catalog.
        """
        self._names = names
        self._given = dict(plugin_config.get("stream_maps") or {})
        super().__init__(plugin_config=plugin_config, logger=logger)

    @override
    def register_raw_streams_from_catalog(self, catalog: Catalog) -> None:
        """Register all streams of a catalog.

        Args:
            catalog: The working catalog.

        Raises:
            ConfigError: A map does not fit its stream.
        """
        selected = Catalog({name: entry for name, entry in catalog.items() if _is_selected(entry)})
        columns = {name: set(entry.schema.properties or ()) for name, entry in selected.items()}
        check_names(self._given, columns, self._names, self.logger)
        try:
            super().register_raw_streams_from_catalog(selected)
            for name in catalog.keys() - selected.keys():
                entry = catalog[name]
                self.register_raw_stream_schema(name, entry.schema.to_dict(), entry.key_properties)
        except MappingError as error:
            raise ConfigError(name="stream_maps", why=str(error).rstrip(".")) from None
        for name, maps in self.stream_maps.items():
            self.stream_maps[name] = [
                RedactingMap(found) if isinstance(found, CustomStreamMap) else found
                for found in maps
            ]
        make_json_readable(self)

    @override
    def register_raw_stream_schema(
        self, stream_name: str, schema: dict[str, Any], key_properties: Sequence[str] | None
    ) -> None:
        super().register_raw_stream_schema(stream_name, with_precision(schema), key_properties)


class RedactingMap(WrappedMap):
    """A map whose expressions fail without telling the row on which they do."""

    @override
    def transform(self, record: dict[str, Any]) -> dict[str, Any] | None:
        with self._redacted():
            return self._inner.transform(record)

    @override
    def get_filter_result(self, record: dict[str, Any]) -> bool:
        with self._redacted():
            return self._inner.get_filter_result(record)

    @contextmanager
    def _redacted(self) -> Iterator[None]:
        try:
            yield
        except MappingError as error:
            why = f"{self.stream_alias}: {str(error).rstrip('.')}"
        except Exception as error:  # noqa: BLE001 - an expression may raise anything
            why = (
                f"an expression for {self.stream_alias} fails on the value of a row with "
                f"{type(error).__name__}"
            )
        else:
            return
        raise ConfigError(name="stream_maps", why=why)


def _is_selected(entry: CatalogEntry) -> bool:
    return entry.metadata.resolve_selection()[()]
