-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'customer_calendars')) %}
{%- set standard = ['id', 'customer_id', 'type', 'status', 'start', 'duration'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as lesson_id,
    {{ alfacrm.column(loaded, 'customer_id', 'integer') }} as customer_id,
    {{ alfacrm.column(loaded, 'type', 'integer') }} as customer_calendar_type,
    {{ alfacrm.column(loaded, 'status', 'integer') }} as status,
    {{ alfacrm.column(loaded, 'start', 'instant') }} as customer_calendar_start,
    {{ alfacrm.column(loaded, 'start', 'local') }} as customer_calendar_start_local,
    {{ alfacrm.column(loaded, 'duration', 'integer') }} as customer_calendar_duration,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'customer_calendars'), ['id', 'customer_id'], var('alfacrm_append_only', false)
) }}
