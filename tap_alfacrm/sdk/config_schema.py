"""The SDK's `config_jsonschema` from a typed struct, so that settings are declared once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from msgspec import inspect as types
from singer_sdk import typing as th

if TYPE_CHECKING:
    import msgspec


def config_jsonschema(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """Describe the fields of a struct as settings.

    Args:
        struct: Its fields carry `msgspec.Meta` with a title and a description and, in
            `extra_json_schema`, `secret` and `format` where they apply.
    """
    described = cast("types.StructType", types.type_info(struct))
    return th.PropertiesList(*map(_property, described.fields)).to_dict()


def _property(field: types.Field) -> th.Property[Any]:
    extra: dict[str, Any] = {}
    type_ = field.type
    while isinstance(type_, types.Metadata):
        extra = {**(type_.extra_json_schema or {}), **extra}
        type_ = type_.type
    default = None if field.required else field.default
    return th.Property(
        field.name,
        th.DateTimeType if extra.get("format") == "date-time" else _json_type(type_, field),
        required=field.required,
        default=list(default) if isinstance(default, tuple) else default,
        title=extra["title"],
        description=extra["description"],
        secret=extra.get("secret", False),
    )


def _json_type(type_: types.Type, field: types.Field) -> Any:  # noqa: ANN401 - classes or objects
    if isinstance(type_, types.UnionType):
        type_ = next(one for one in type_.types if not isinstance(one, types.NoneType))
    if isinstance(type_, types.VarTupleType):
        return th.ArrayType(th.IntegerType)
    if isinstance(type_, types.StrType):
        return th.StringType(nullable=False) if field.required else th.StringType
    return {
        types.BoolType: th.BooleanType,
        types.IntType: th.IntegerType,
        types.FloatType: th.NumberType,
    }[type(type_)]
