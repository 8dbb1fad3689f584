"""Errors for the user: one line with what was requested, what came back and what to do.

No message ever holds a response body, a secret, a token or a person's data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.exceptions import FatalSyncError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.exceptions import ConfigValidationError


class AlfaCRMError(FatalSyncError):
    """Ends the run with its exit code, and its message as the last line of the log.

    Attributes:
        exit_code: The exit code of the process.
    """

    exit_code = 1


class ConfigError(AlfaCRMError):
    """A setting is missing or wrong."""

    def __init__(self, *, name: str, why: str) -> None:
        """Name the setting.

        Args:
            name: The setting.
            why: What is wrong, and what is right.
        """
        super().__init__(f"Setting {name} is wrong: {why}.")

    @classmethod
    def from_validation(cls, error: ConfigValidationError) -> ConfigError:
        """Tell the first finding of the SDK without the value, which may be a secret.

        Args:
            error: What the SDK found against the JSON Schema of the settings.
        """
        if not error.errors:
            return cls(name="flattening_enabled", why=f"{error} (set flattening_max_depth too)")
        finding, at, place = error.errors[0].rpartition(" in config[")
        subject, _, verdict = (finding or place).rpartition(" is ")
        name = place.partition("]")[0] if at else subject
        return cls(name=name.strip("'"), why=f"it is {verdict}")


class MissingSettingsError(AlfaCRMError):
    """Settings are missing without which nothing can be requested."""

    def __init__(self, names: Sequence[str], places: Sequence[str] = ()) -> None:
        """Name all of them, and where they were looked for.

        Args:
            names: The settings.
            places: Files and the environment.
        """
        settings, variables = ", ".join(names), ", ".join(f"TAP_ALFACRM_{n.upper()}" for n in names)
        if any(place.endswith("environment") for place in places):
            advice = f"Set {variables}, or give a file with --config."
        else:
            advice = f"Give a file with them by --config, or set {variables} for --config=ENV."
        where = f" They were looked for in {', '.join(places)}." if places else ""
        super().__init__(f"Settings are missing: {settings}.{where} {advice}")


class NotCompleteError(AlfaCRMError):
    """A stream is not COMPLETE although `require_complete` is set; all rows were written."""

    exit_code = 3


class CredentialsError(AlfaCRMError):
    """The host refused to log the API user in."""


class InputError(AlfaCRMError):
    """A config file, the state or the catalog cannot be read."""


class OutputError(FatalSyncError):
    """What was written did not get through: the disk is full, or the target has ended.

    No OSError, because click ends the program without a word where a pipe is broken.

    Attributes:
        strerror: The system's message.
    """

    def __init__(self, error: OSError) -> None:
        """Keep the system's message.

        Args:
            error: The failure.
        """
        super().__init__(error.strerror)
        self.strerror = error.strerror


class BudgetError(AlfaCRMError):
    """As many requests were sent as were allowed, or for as long."""


class RequestError(AlfaCRMError):
    """A request got no usable response, and retrying does not help."""


class NoResponseError(RequestError):
    """A request got no usable response, however often it was sent."""


class UnavailableError(RequestError):
    """The account or the role does not offer an entity.

    Attributes:
        status: 403 after a fresh login: no right. 400, 404 or 405: no such route.
    """

    def __init__(self, message: str, status: int) -> None:
        """Say what was refused.

        Args:
            message: The line for the user.
            status: The status that came back.
        """
        super().__init__(message)
        self.status = status
