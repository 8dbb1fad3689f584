-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'sync_audit')) %}
{%- set standard = ['run_id', 'run_started_at', 'stream', 'partition', 'branch_count', 'rows_received', 'duplicates', 'emitted', 'api_total', 'requests', 'retries', 'verdict', 'reason', 'tap_version'] %}
select
    {{ alfacrm.column(loaded, 'run_id', 'text') }} as run_id,
    {{ alfacrm.column(loaded, 'run_started_at', 'instant') }} as run_started_at,
    {{ alfacrm.column(loaded, 'run_started_at', 'local') }} as run_started_at_local,
    {{ alfacrm.column(loaded, 'stream', 'text') }} as stream,
    {{ alfacrm.column(loaded, 'partition', 'text') }} as sync_audit_partition,
    {{ alfacrm.column(loaded, 'branch_count', 'integer') }} as branch_count,
    {{ alfacrm.column(loaded, 'rows_received', 'integer') }} as rows_received,
    {{ alfacrm.column(loaded, 'duplicates', 'integer') }} as duplicates,
    {{ alfacrm.column(loaded, 'emitted', 'integer') }} as emitted,
    {{ alfacrm.column(loaded, 'api_total', 'integer') }} as api_total,
    {{ alfacrm.column(loaded, 'requests', 'integer') }} as requests,
    {{ alfacrm.column(loaded, 'retries', 'integer') }} as retries,
    {{ alfacrm.column(loaded, 'verdict', 'text') }} as verdict,
    {{ alfacrm.column(loaded, 'reason', 'text') }} as reason,
    {{ alfacrm.column(loaded, 'tap_version', 'text') }} as tap_version,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'sync_audit'), ['run_id', 'stream', 'partition'], var('alfacrm_append_only', false)
) }}
