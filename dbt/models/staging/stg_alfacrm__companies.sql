-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'companies')) %}
{%- set standard = ['id', 'name'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as company_id,
    {{ alfacrm.column(loaded, 'name', 'text') }} as name,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'companies'), ['id'], var('alfacrm_append_only', false)
) }}
