-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'phone_calls')) %}
{%- set standard = ['id', 'direction', 'local_number', 'remote_number', 'is_success', 'duration', 'call_date', 'record_url'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as phone_call_id,
    {{ alfacrm.column(loaded, 'direction', 'integer') }} as direction,
    {{ alfacrm.column(loaded, 'local_number', 'text') }} as local_number,
    {{ alfacrm.column(loaded, 'remote_number', 'text') }} as remote_number,
    {{ alfacrm.column(loaded, 'is_success', 'flag') }} as is_success,
    {{ alfacrm.column(loaded, 'duration', 'integer') }} as phone_call_duration,
    {{ alfacrm.column(loaded, 'call_date', 'instant') }} as call_date,
    {{ alfacrm.column(loaded, 'call_date', 'local') }} as call_date_local,
    {{ alfacrm.column(loaded, 'record_url', 'text') }} as record_url,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'phone_calls'), ['id'], var('alfacrm_append_only', false)
) }}
