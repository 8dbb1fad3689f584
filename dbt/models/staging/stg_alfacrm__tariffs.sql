-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'tariffs')) %}
{%- set standard = ['id', 'type', 'calculation_type', 'name', 'price', 'lessons_count', 'lesson_count', 'duration', 'added', 'branch_ids', 'is_archive', 'is_active', 'subject_ids'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as tariff_id,
    {{ alfacrm.column(loaded, 'type', 'integer') }} as tariff_type,
    {{ alfacrm.column(loaded, 'calculation_type', 'integer') }} as calculation_type,
    {{ alfacrm.column(loaded, 'name', 'text') }} as name,
    {{ alfacrm.column(loaded, 'price', 'number') }} as price,
    coalesce({{ alfacrm.column(loaded, 'lessons_count', 'integer') }}, {{ alfacrm.column(loaded, 'lesson_count', 'integer') }}) as lessons_count,
    {{ alfacrm.column(loaded, 'duration', 'integer') }} as tariff_duration,
    {{ alfacrm.column(loaded, 'added', 'instant') }} as added,
    {{ alfacrm.column(loaded, 'added', 'local') }} as added_local,
    {{ alfacrm.column(loaded, 'branch_ids', 'json') }} as branch_ids,
    {{ alfacrm.column(loaded, 'is_archive', 'flag') }} as is_archived,
    {{ alfacrm.column(loaded, 'is_active', 'flag') }} as is_active,
    {{ alfacrm.column(loaded, 'subject_ids', 'json') }} as subject_ids,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'tariffs'), ['id'], var('alfacrm_append_only', false)
) }}
