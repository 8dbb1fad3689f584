-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'branches')) %}
{%- set standard = ['id', 'name', 'is_active', 'subject_ids', 'weight'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as branch_id,
    {{ alfacrm.column(loaded, 'name', 'text') }} as name,
    {{ alfacrm.column(loaded, 'is_active', 'flag') }} as is_active,
    {{ alfacrm.column(loaded, 'subject_ids', 'json') }} as subject_ids,
    {{ alfacrm.column(loaded, 'weight', 'integer') }} as weight,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'branches'), ['id'], var('alfacrm_append_only', false)
) }}
