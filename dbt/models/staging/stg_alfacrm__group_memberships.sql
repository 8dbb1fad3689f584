-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'group_memberships')) %}
{%- set standard = ['id', 'customer_id', 'group_id', 'b_date', 'e_date', 'customer_name'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as group_membership_id,
    {{ alfacrm.column(loaded, 'customer_id', 'integer') }} as customer_id,
    {{ alfacrm.column(loaded, 'group_id', 'integer') }} as group_id,
    {{ alfacrm.column(loaded, 'b_date', 'date') }} as b_date,
    {{ alfacrm.column(loaded, 'e_date', 'date') }} as e_date,
    {{ alfacrm.column(loaded, 'customer_name', 'text') }} as customer_name,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'group_memberships'), ['id'], var('alfacrm_append_only', false)
) }}
