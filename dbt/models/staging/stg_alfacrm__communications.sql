-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'communications')) %}
{%- set standard = ['id', 'type_id', 'class', 'related_id', 'user_id', 'added', 'comment'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as communication_id,
    {{ alfacrm.column(loaded, 'type_id', 'integer') }} as type_id,
    {{ alfacrm.column(loaded, 'class', 'text') }} as communication_class,
    {{ alfacrm.column(loaded, 'related_id', 'integer') }} as related_id,
    {{ alfacrm.column(loaded, 'user_id', 'integer') }} as user_id,
    {{ alfacrm.column(loaded, 'added', 'instant') }} as added,
    {{ alfacrm.column(loaded, 'added', 'local') }} as added_local,
    {{ alfacrm.column(loaded, 'comment', 'text') }} as comment,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'communications'), ['id'], var('alfacrm_append_only', false)
) }}
