-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'working_hours')) %}
{%- set standard = ['id', 'teacher_id', 'location_id', 'weekday', 'time_from', 'time_to'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as working_hour_id,
    {{ alfacrm.column(loaded, 'teacher_id', 'integer') }} as teacher_id,
    {{ alfacrm.column(loaded, 'location_id', 'integer') }} as location_id,
    {{ alfacrm.column(loaded, 'weekday', 'integer') }} as weekday,
    {{ alfacrm.column(loaded, 'time_from', 'time') }} as time_from,
    {{ alfacrm.column(loaded, 'time_to', 'time') }} as time_to,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'working_hours'), ['id'], var('alfacrm_append_only', false)
) }}
