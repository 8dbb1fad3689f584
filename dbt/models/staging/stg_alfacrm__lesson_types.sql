-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'lesson_types')) %}
{%- set standard = ['id', 'name', 'type', 'icon', 'is_active', 'sort'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as lesson_type_id,
    {{ alfacrm.column(loaded, 'name', 'text') }} as name,
    {{ alfacrm.column(loaded, 'type', 'integer') }} as lesson_type_type,
    {{ alfacrm.column(loaded, 'icon', 'text') }} as icon,
    {{ alfacrm.column(loaded, 'is_active', 'flag') }} as is_active,
    {{ alfacrm.column(loaded, 'sort', 'integer') }} as sort,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'lesson_types'), ['id'], var('alfacrm_append_only', false)
) }}
