-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'pays')) %}
{%- set standard = ['id', 'branch_id', 'location_id', 'customer_id', 'pay_type_id', 'pay_type_name', 'pay_account_id', 'pay_item_id', 'pay_item_category_id', 'teacher_id', 'employee_id', 'commodity_id', 'ctt_id', 'tariff_id', 'manager_id', 'pay_method', 'expenditure', 'group_id', 'group_ids', 'document_date', 'income', 'payer_name', 'note', 'is_confirmed', 'is_fiscal', 'custom_md_order', 'custom_order_description', 'created_at', 'updated_at'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as pay_id,
    {{ alfacrm.column(loaded, 'branch_id', 'integer') }} as branch_id,
    {{ alfacrm.column(loaded, 'location_id', 'integer') }} as location_id,
    {{ alfacrm.column(loaded, 'customer_id', 'integer') }} as customer_id,
    {{ alfacrm.column(loaded, 'pay_type_id', 'integer') }} as pay_type_id,
    {{ alfacrm.column(loaded, 'pay_type_name', 'text') }} as pay_type_name,
    {{ alfacrm.column(loaded, 'pay_account_id', 'integer') }} as pay_account_id,
    {{ alfacrm.column(loaded, 'pay_item_id', 'integer') }} as pay_item_id,
    {{ alfacrm.column(loaded, 'pay_item_category_id', 'integer') }} as pay_item_category_id,
    {{ alfacrm.column(loaded, 'teacher_id', 'integer') }} as teacher_id,
    {{ alfacrm.column(loaded, 'employee_id', 'integer') }} as employee_id,
    {{ alfacrm.column(loaded, 'commodity_id', 'integer') }} as commodity_id,
    {{ alfacrm.column(loaded, 'ctt_id', 'integer') }} as customer_tariff_id,
    {{ alfacrm.column(loaded, 'tariff_id', 'integer') }} as tariff_id,
    {{ alfacrm.column(loaded, 'manager_id', 'integer') }} as manager_id,
    {{ alfacrm.column(loaded, 'pay_method', 'text') }} as pay_method,
    {{ alfacrm.column(loaded, 'expenditure', 'text') }} as expenditure,
    {{ alfacrm.column(loaded, 'group_id', 'integer') }} as group_id,
    {{ alfacrm.column(loaded, 'group_ids', 'json') }} as group_ids,
    {{ alfacrm.column(loaded, 'document_date', 'date') }} as document_date,
    {{ alfacrm.column(loaded, 'income', 'number') }} as income,
    {{ alfacrm.column(loaded, 'payer_name', 'text') }} as payer_name,
    {{ alfacrm.column(loaded, 'note', 'text') }} as note,
    {{ alfacrm.column(loaded, 'is_confirmed', 'flag') }} as is_confirmed,
    {{ alfacrm.column(loaded, 'is_fiscal', 'flag') }} as is_fiscal,
    {{ alfacrm.column(loaded, 'custom_md_order', 'text') }} as custom_md_order,
    {{ alfacrm.column(loaded, 'custom_order_description', 'text') }} as custom_order_description,
    {{ alfacrm.column(loaded, 'created_at', 'instant') }} as created_at,
    {{ alfacrm.column(loaded, 'created_at', 'local') }} as created_at_local,
    {{ alfacrm.column(loaded, 'updated_at', 'instant') }} as updated_at,
    {{ alfacrm.column(loaded, 'updated_at', 'local') }} as updated_at_local,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'pays'), ['id'], var('alfacrm_append_only', false)
) }}
