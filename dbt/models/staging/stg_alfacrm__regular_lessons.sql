-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'regular_lessons')) %}
{%- set standard = ['id', 'branch_id', 'lesson_type_id', 'related_class', 'related_id', 'subject_id', 'streaming', 'teacher_ids', 'customer_ids', 'room_id', 'day', 'days', 'time_from_v', 'time_to_v', 'b_date_v', 'e_date_v', 'b_date', 'e_date', 'is_public', 'customer_limit', 'created_at', 'updated_at'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as regular_lesson_id,
    {{ alfacrm.column(loaded, 'branch_id', 'integer') }} as branch_id,
    {{ alfacrm.column(loaded, 'lesson_type_id', 'integer') }} as lesson_type_id,
    {{ alfacrm.column(loaded, 'related_class', 'text') }} as related_class,
    {{ alfacrm.column(loaded, 'related_id', 'integer') }} as related_id,
    {{ alfacrm.column(loaded, 'subject_id', 'integer') }} as subject_id,
    {{ alfacrm.column(loaded, 'streaming', 'flag') }} as streaming,
    {{ alfacrm.column(loaded, 'teacher_ids', 'json') }} as teacher_ids,
    {{ alfacrm.column(loaded, 'customer_ids', 'json') }} as customer_ids,
    {{ alfacrm.column(loaded, 'room_id', 'integer') }} as room_id,
    {{ alfacrm.column(loaded, 'day', 'integer') }} as regular_lesson_day,
    {{ alfacrm.column(loaded, 'days', 'json') }} as regular_lesson_days,
    {{ alfacrm.column(loaded, 'time_from_v', 'time') }} as time_from_v,
    {{ alfacrm.column(loaded, 'time_to_v', 'time') }} as time_to_v,
    {{ alfacrm.column(loaded, 'b_date_v', 'date') }} as b_date_v,
    {{ alfacrm.column(loaded, 'e_date_v', 'date') }} as e_date_v,
    {{ alfacrm.column(loaded, 'b_date', 'date') }} as b_date,
    {{ alfacrm.column(loaded, 'e_date', 'date') }} as e_date,
    {{ alfacrm.column(loaded, 'is_public', 'flag') }} as is_public,
    {{ alfacrm.column(loaded, 'customer_limit', 'integer') }} as customer_limit,
    {{ alfacrm.column(loaded, 'created_at', 'instant') }} as created_at,
    {{ alfacrm.column(loaded, 'created_at', 'local') }} as created_at_local,
    {{ alfacrm.column(loaded, 'updated_at', 'instant') }} as updated_at,
    {{ alfacrm.column(loaded, 'updated_at', 'local') }} as updated_at_local,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'regular_lessons'), ['id'], var('alfacrm_append_only', false)
) }}
