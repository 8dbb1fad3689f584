-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'customer_rejects')) %}
{%- set standard = ['id', 'name', 'is_enabled', 'weight'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as customer_reject_id,
    {{ alfacrm.column(loaded, 'name', 'text') }} as name,
    {{ alfacrm.column(loaded, 'is_enabled', 'flag') }} as is_enabled,
    {{ alfacrm.column(loaded, 'weight', 'integer') }} as weight,
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
    {{- alfacrm.custom_columns(loaded, standard) }}
from {{ alfacrm.loaded_rows(loaded, source('alfacrm', 'customer_rejects'), 'id') }}
