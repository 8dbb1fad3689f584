"""A minimal tap built with the SDK."""

from singer_sdk import Tap


class TapMinimal(Tap):
    name = "tap-minimal"
    config_jsonschema = {"type": "object", "properties": {}}

    def discover_streams(self):
        return []


if __name__ == "__main__":
    TapMinimal.cli()
