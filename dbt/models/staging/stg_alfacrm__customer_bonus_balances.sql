-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'customer_bonus_balances')) %}
{%- set standard = ['customer_id', 'balance_bonus'] %}
select
    {{ alfacrm.column(loaded, 'customer_id', 'integer') }} as customer_id,
    {{ alfacrm.column(loaded, 'balance_bonus', 'number') }} as balance_bonus,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'customer_bonus_balances'), ['customer_id'], var('alfacrm_append_only', false)
) }}
