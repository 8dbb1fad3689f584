"""The SQL for BigQuery and Snowflake, as far as it can be tested without an account there."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.dbt.kit import PACKAGE
from tests.reliability.process import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

BIN = PROJECT / ".tools" / "dbt-warehouses" / "bin"
NOBODY = {"threads": 1, "project": "school", "database": "school"}
OUTPUTS = {
    "bigquery": {"method": "oauth-secrets", "token": "none", "dataset": "models"},
    "snowflake": {"account": "school", "user": "school", "password": "none", "schema": "models"},
}
LOOKS_NOWHERE = {"alfacrm_look": False, "timezone": "Europe/Kyiv"}


@pytest.mark.recipes
@pytest.mark.parametrize("warehouse", OUTPUTS)
def test_compiled_models_are_sql(warehouse: str, tmp_path: Path) -> None:
    output = {"type": warehouse, "warehouse": "school", **NOBODY, **OUTPUTS[warehouse]}
    if warehouse == "bigquery":
        del output["warehouse"], output["database"]
    else:
        del output["project"]
    profile = {"alfacrm": {"target": warehouse, "outputs": {warehouse: output}}}
    (tmp_path / "profiles.yml").write_text(yaml.safe_dump(profile))
    compiled = subprocess.run(
        [
            *(BIN / "dbt", "compile", "--no-introspect", "--no-populate-cache"),
            *("--project-dir", PACKAGE, "--profiles-dir", tmp_path),
            *("--target-path", tmp_path / "target", "--log-path", tmp_path / "logs"),
            *("--vars", json.dumps(LOOKS_NOWHERE)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert compiled.returncode == 0, compiled.stdout
    folder = tmp_path / "target" / "compiled" / "alfacrm"
    models = {file.stem for file in (folder / "models").rglob("*.sql")}
    assert models >= {file.stem for file in (PACKAGE / "models").rglob("*.sql")}
    parsed = subprocess.run(
        [
            BIN / "sqlfluff",
            "parse",
            "--templater=raw",
            f"--dialect={warehouse}",
            "--format=none",
            folder,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert parsed.returncode == 0, parsed.stdout[-3000:]
