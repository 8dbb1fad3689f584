-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'lessons')) %}
{%- set standard = ['id', 'branch_id', 'date', 'time_from', 'time_to', 'lesson_type_id', 'lesson_type_name', 'status', 'is_confirmed', 'duration', 'subject_id', 'room_id', 'teacher_ids', 'customer_ids', 'group_ids', 'streaming', 'note', 'topic', 'homework', 'regular_id', 'details', 'created_at', 'updated_at'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as lesson_id,
    {{ alfacrm.column(loaded, 'branch_id', 'integer') }} as branch_id,
    {{ alfacrm.column(loaded, 'date', 'date') }} as lesson_date,
    {{ alfacrm.column(loaded, 'time_from', 'instant') }} as time_from,
    {{ alfacrm.column(loaded, 'time_from', 'local') }} as time_from_local,
    {{ alfacrm.column(loaded, 'time_to', 'instant') }} as time_to,
    {{ alfacrm.column(loaded, 'time_to', 'local') }} as time_to_local,
    {{ alfacrm.column(loaded, 'lesson_type_id', 'integer') }} as lesson_type_id,
    {{ alfacrm.column(loaded, 'lesson_type_name', 'text') }} as lesson_type_name,
    {{ alfacrm.column(loaded, 'status', 'integer') }} as status,
    {{ alfacrm.column(loaded, 'is_confirmed', 'flag') }} as is_confirmed,
    {{ alfacrm.column(loaded, 'duration', 'integer') }} as lesson_duration,
    {{ alfacrm.column(loaded, 'subject_id', 'integer') }} as subject_id,
    {{ alfacrm.column(loaded, 'room_id', 'integer') }} as room_id,
    {{ alfacrm.column(loaded, 'teacher_ids', 'json') }} as teacher_ids,
    {{ alfacrm.column(loaded, 'customer_ids', 'json') }} as customer_ids,
    {{ alfacrm.column(loaded, 'group_ids', 'json') }} as group_ids,
    {{ alfacrm.column(loaded, 'streaming', 'json') }} as streaming,
    {{ alfacrm.column(loaded, 'note', 'text') }} as note,
    {{ alfacrm.column(loaded, 'topic', 'text') }} as topic,
    {{ alfacrm.column(loaded, 'homework', 'text') }} as homework,
    {{ alfacrm.column(loaded, 'regular_id', 'integer') }} as regular_lesson_id,
    {{ alfacrm.column(loaded, 'details', 'json') }} as details,
    {{ alfacrm.column(loaded, 'created_at', 'instant') }} as created_at,
    {{ alfacrm.column(loaded, 'created_at', 'local') }} as created_at_local,
    {{ alfacrm.column(loaded, 'updated_at', 'instant') }} as updated_at,
    {{ alfacrm.column(loaded, 'updated_at', 'local') }} as updated_at_local,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'lessons'), ['id'], var('alfacrm_append_only', false)
) }}
