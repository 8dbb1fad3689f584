-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'pay_types')) %}
{%- set standard = ['id', 'name'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as pay_type_id,
    {{ alfacrm.column(loaded, 'name', 'text') }} as name,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'pay_types'), ['id'], var('alfacrm_append_only', false)
) }}
