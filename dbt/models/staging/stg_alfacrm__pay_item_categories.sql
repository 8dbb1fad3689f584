-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'pay_item_categories')) %}
{%- set standard = ['id', 'name', 'weight'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as pay_item_category_id,
    {{ alfacrm.column(loaded, 'name', 'text') }} as name,
    {{ alfacrm.column(loaded, 'weight', 'integer') }} as weight,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'pay_item_categories'), ['id'], var('alfacrm_append_only', false)
) }}
