-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'users')) %}
{%- set standard = ['id', 'name', 'email'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as user_id,
    {{ alfacrm.column(loaded, 'name', 'text') }} as name,
    {{ alfacrm.column(loaded, 'email', 'text') }} as email,
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
    {{- alfacrm.custom_columns(loaded, standard) }}
from {{ alfacrm.loaded_rows(loaded, source('alfacrm', 'users'), 'id') }}
