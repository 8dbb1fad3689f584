-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'pay_items')) %}
{%- set standard = ['id', 'branch_ids', 'category_id', 'pay_type_ids', 'name', 'weight'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as pay_item_id,
    {{ alfacrm.column(loaded, 'branch_ids', 'json') }} as branch_ids,
    {{ alfacrm.column(loaded, 'category_id', 'integer') }} as category_id,
    {{ alfacrm.column(loaded, 'pay_type_ids', 'json') }} as pay_type_ids,
    {{ alfacrm.column(loaded, 'name', 'text') }} as name,
    {{ alfacrm.column(loaded, 'weight', 'integer') }} as weight,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'pay_items'), ['id'], var('alfacrm_append_only', false)
) }}
