-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'groups')) %}
{%- set standard = ['id', 'branch_ids', 'teacher_ids', 'teachers', 'name', 'is_archived', 'level_id', 'status_id', 'company_id', 'streaming_id', 'limit', 'note', 'b_date', 'e_date', 'created_at', 'updated_at'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as group_id,
    {{ alfacrm.column(loaded, 'branch_ids', 'json') }} as branch_ids,
    {{ alfacrm.column(loaded, 'teacher_ids', 'json') }} as teacher_ids,
    {{ alfacrm.column(loaded, 'teachers', 'json') }} as teachers,
    {{ alfacrm.column(loaded, 'name', 'text') }} as name,
    {{ alfacrm.column(loaded, 'is_archived', 'flag') }} as is_archived,
    {{ alfacrm.column(loaded, 'level_id', 'integer') }} as level_id,
    {{ alfacrm.column(loaded, 'status_id', 'integer') }} as status_id,
    {{ alfacrm.column(loaded, 'company_id', 'integer') }} as company_id,
    {{ alfacrm.column(loaded, 'streaming_id', 'integer') }} as streaming_id,
    {{ alfacrm.column(loaded, 'limit', 'integer') }} as group_limit,
    {{ alfacrm.column(loaded, 'note', 'text') }} as note,
    {{ alfacrm.column(loaded, 'b_date', 'date') }} as b_date,
    {{ alfacrm.column(loaded, 'e_date', 'date') }} as e_date,
    {{ alfacrm.column(loaded, 'created_at', 'instant') }} as created_at,
    {{ alfacrm.column(loaded, 'created_at', 'local') }} as created_at_local,
    {{ alfacrm.column(loaded, 'updated_at', 'instant') }} as updated_at,
    {{ alfacrm.column(loaded, 'updated_at', 'local') }} as updated_at_local,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'groups'), ['id'], var('alfacrm_append_only', false)
) }}
