-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'companies')) %}
{%- set standard = ['id', 'name'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as company_id,
    {{ alfacrm.column(loaded, 'name', 'text') }} as name,
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
    {{- alfacrm.custom_columns(loaded, standard) }}
from {{ alfacrm.loaded_rows(loaded, source('alfacrm', 'companies'), 'id') }}
