-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'discounts')) %}
{%- set standard = ['id', 'branch_id', 'customer_id', 'discount_type', 'amount', 'note', 'subject_ids', 'lesson_type_ids', 'begin', 'end'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as discount_id,
    {{ alfacrm.column(loaded, 'branch_id', 'integer') }} as branch_id,
    {{ alfacrm.column(loaded, 'customer_id', 'integer') }} as customer_id,
    {{ alfacrm.column(loaded, 'discount_type', 'integer') }} as discount_type,
    {{ alfacrm.column(loaded, 'amount', 'integer') }} as amount,
    {{ alfacrm.column(loaded, 'note', 'text') }} as note,
    {{ alfacrm.column(loaded, 'subject_ids', 'json') }} as subject_ids,
    {{ alfacrm.column(loaded, 'lesson_type_ids', 'json') }} as lesson_type_ids,
    {{ alfacrm.column(loaded, 'begin', 'date') }} as discount_begin,
    {{ alfacrm.column(loaded, 'end', 'date') }} as discount_end,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'discounts'), ['id'], var('alfacrm_append_only', false)
) }}
