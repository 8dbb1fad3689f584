-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'rooms')) %}
{%- set standard = ['id', 'branch_id', 'location_id', 'streaming_id', 'color_id', 'name', 'note', 'is_enabled', 'weight'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as room_id,
    {{ alfacrm.column(loaded, 'branch_id', 'integer') }} as branch_id,
    {{ alfacrm.column(loaded, 'location_id', 'integer') }} as location_id,
    {{ alfacrm.column(loaded, 'streaming_id', 'integer') }} as streaming_id,
    {{ alfacrm.column(loaded, 'color_id', 'integer') }} as color_id,
    {{ alfacrm.column(loaded, 'name', 'text') }} as name,
    {{ alfacrm.column(loaded, 'note', 'text') }} as note,
    {{ alfacrm.column(loaded, 'is_enabled', 'flag') }} as is_enabled,
    {{ alfacrm.column(loaded, 'weight', 'integer') }} as weight,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'rooms'), ['id'], var('alfacrm_append_only', false)
) }}
