-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'locations')) %}
{%- set standard = ['id', 'branch_id', 'is_active', 'name', 'weight'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as location_id,
    {{ alfacrm.column(loaded, 'branch_id', 'integer') }} as branch_id,
    {{ alfacrm.column(loaded, 'is_active', 'flag') }} as is_active,
    {{ alfacrm.column(loaded, 'name', 'text') }} as name,
    {{ alfacrm.column(loaded, 'weight', 'integer') }} as weight,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'locations'), ['id'], var('alfacrm_append_only', false)
) }}
