-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'study_statuses')) %}
{%- set standard = ['id', 'name', 'is_enabled', 'weight'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as study_status_id,
    {{ alfacrm.column(loaded, 'name', 'text') }} as name,
    {{ alfacrm.column(loaded, 'is_enabled', 'flag') }} as is_enabled,
    {{ alfacrm.column(loaded, 'weight', 'integer') }} as weight,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'study_statuses'), ['id'], var('alfacrm_append_only', false)
) }}
