-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'pay_accounts')) %}
{%- set standard = ['id', 'branch_id', 'name', 'user_ids', 'is_enabled', 'weight'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as pay_account_id,
    {{ alfacrm.column(loaded, 'branch_id', 'integer') }} as branch_id,
    {{ alfacrm.column(loaded, 'name', 'text') }} as name,
    {{ alfacrm.column(loaded, 'user_ids', 'json') }} as user_ids,
    {{ alfacrm.column(loaded, 'is_enabled', 'flag') }} as is_enabled,
    {{ alfacrm.column(loaded, 'weight', 'integer') }} as weight,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'pay_accounts'), ['id'], var('alfacrm_append_only', false)
) }}
