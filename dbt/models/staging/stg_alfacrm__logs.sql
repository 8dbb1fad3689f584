-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'logs')) %}
{%- set standard = ['id', 'entity', 'entity_id', 'user_id', 'event', 'fields_old', 'fields_new', 'fields_rel', 'date_time'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as log_id,
    {{ alfacrm.column(loaded, 'entity', 'text') }} as entity,
    {{ alfacrm.column(loaded, 'entity_id', 'integer') }} as entity_id,
    {{ alfacrm.column(loaded, 'user_id', 'integer') }} as user_id,
    {{ alfacrm.column(loaded, 'event', 'integer') }} as event,
    {{ alfacrm.column(loaded, 'fields_old', 'json') }} as fields_old,
    {{ alfacrm.column(loaded, 'fields_new', 'json') }} as fields_new,
    {{ alfacrm.column(loaded, 'fields_rel', 'json') }} as fields_rel,
    {{ alfacrm.column(loaded, 'date_time', 'instant') }} as date_time,
    {{ alfacrm.column(loaded, 'date_time', 'local') }} as date_time_local,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'logs'), ['id'], var('alfacrm_append_only', false)
) }}
