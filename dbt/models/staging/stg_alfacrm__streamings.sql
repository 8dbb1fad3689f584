-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'streamings')) %}
{%- set standard = ['id', 'name'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as streaming_id,
    {{ alfacrm.column(loaded, 'name', 'text') }} as name,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'streamings'), ['id'], var('alfacrm_append_only', false)
) }}
