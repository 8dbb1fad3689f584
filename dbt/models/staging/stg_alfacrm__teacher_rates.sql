-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'teacher_rates')) %}
{%- set standard = ['id', 'teacher_id', 'rate', 'type', 'b_date', 'e_date', 'is_multirate', 'is_proportional', 'condition_attend', 'reason_ids', 'count_from', 'count_to', 'duration', 'lesson_type_ids', 'subject_ids', 'is_gt_zero'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as teacher_rate_id,
    {{ alfacrm.column(loaded, 'teacher_id', 'integer') }} as teacher_id,
    {{ alfacrm.column(loaded, 'rate', 'number') }} as rate,
    {{ alfacrm.column(loaded, 'type', 'integer') }} as teacher_rate_type,
    {{ alfacrm.column(loaded, 'b_date', 'date') }} as b_date,
    {{ alfacrm.column(loaded, 'e_date', 'date') }} as e_date,
    {{ alfacrm.column(loaded, 'is_multirate', 'flag') }} as is_multirate,
    {{ alfacrm.column(loaded, 'is_proportional', 'flag') }} as is_proportional,
    {{ alfacrm.column(loaded, 'condition_attend', 'integer') }} as condition_attend,
    {{ alfacrm.column(loaded, 'reason_ids', 'json') }} as reason_ids,
    {{ alfacrm.column(loaded, 'count_from', 'integer') }} as count_from,
    {{ alfacrm.column(loaded, 'count_to', 'integer') }} as count_to,
    {{ alfacrm.column(loaded, 'duration', 'integer') }} as teacher_rate_duration,
    {{ alfacrm.column(loaded, 'lesson_type_ids', 'json') }} as lesson_type_ids,
    {{ alfacrm.column(loaded, 'subject_ids', 'json') }} as subject_ids,
    {{ alfacrm.column(loaded, 'is_gt_zero', 'flag') }} as is_gt_zero,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'teacher_rates'), ['id'], var('alfacrm_append_only', false)
) }}
