-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'customer_tariffs')) %}
{%- set standard = ['id', 'customer_id', 'tariff_id', 'subject_ids', 'lesson_type_ids', 'is_separate_balance', 'balance', 'paid_count', 'paid_till', 'note', 'b_date', 'e_date', 'paid_lesson_count', 'is_archive', 'is_archived', 'created_at', 'updated_at'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as customer_tariff_id,
    {{ alfacrm.column(loaded, 'customer_id', 'integer') }} as customer_id,
    {{ alfacrm.column(loaded, 'tariff_id', 'integer') }} as tariff_id,
    {{ alfacrm.column(loaded, 'subject_ids', 'json') }} as subject_ids,
    {{ alfacrm.column(loaded, 'lesson_type_ids', 'json') }} as lesson_type_ids,
    {{ alfacrm.column(loaded, 'is_separate_balance', 'flag') }} as is_separate_balance,
    {{ alfacrm.column(loaded, 'balance', 'number') }} as balance,
    {{ alfacrm.column(loaded, 'paid_count', 'integer') }} as paid_count,
    {{ alfacrm.column(loaded, 'paid_till', 'instant') }} as paid_till,
    {{ alfacrm.column(loaded, 'paid_till', 'local') }} as paid_till_local,
    {{ alfacrm.column(loaded, 'note', 'text') }} as note,
    {{ alfacrm.column(loaded, 'b_date', 'date') }} as b_date,
    {{ alfacrm.column(loaded, 'e_date', 'date') }} as e_date,
    {{ alfacrm.column(loaded, 'paid_lesson_count', 'integer') }} as paid_lesson_count,
    {{ alfacrm.column(loaded, 'is_archived', 'flag') }} as is_archived,
    {{ alfacrm.column(loaded, 'created_at', 'instant') }} as created_at,
    {{ alfacrm.column(loaded, 'created_at', 'local') }} as created_at_local,
    {{ alfacrm.column(loaded, 'updated_at', 'instant') }} as updated_at,
    {{ alfacrm.column(loaded, 'updated_at', 'local') }} as updated_at_local,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'customer_tariffs'), ['id'], var('alfacrm_append_only', false)
) }}
