-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'users')) %}
{%- set standard = ['id', 'name', 'email'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as user_id,
    {{ alfacrm.column(loaded, 'name', 'text') }} as name,
    {{ alfacrm.column(loaded, 'email', 'text') }} as email,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'users'), ['id'], var('alfacrm_append_only', false)
) }}
