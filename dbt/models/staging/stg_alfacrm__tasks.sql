-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'tasks')) %}
{%- set standard = ['id', 'company_id', 'branch_ids', 'user_id', 'assigned_ids', 'group_ids', 'customer_ids', 'title', 'text', 'is_archive', 'created_at', 'is_done', 'is_private', 'due_date', 'done_date', 'is_public_entry', 'is_notify', 'priority'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as task_id,
    {{ alfacrm.column(loaded, 'company_id', 'integer') }} as company_id,
    {{ alfacrm.column(loaded, 'branch_ids', 'json') }} as branch_ids,
    {{ alfacrm.column(loaded, 'user_id', 'integer') }} as user_id,
    {{ alfacrm.column(loaded, 'assigned_ids', 'json') }} as assigned_ids,
    {{ alfacrm.column(loaded, 'group_ids', 'json') }} as group_ids,
    {{ alfacrm.column(loaded, 'customer_ids', 'json') }} as customer_ids,
    {{ alfacrm.column(loaded, 'title', 'text') }} as title,
    {{ alfacrm.column(loaded, 'text', 'text') }} as text,
    {{ alfacrm.column(loaded, 'is_archive', 'flag') }} as is_archived,
    {{ alfacrm.column(loaded, 'created_at', 'instant') }} as created_at,
    {{ alfacrm.column(loaded, 'created_at', 'local') }} as created_at_local,
    {{ alfacrm.column(loaded, 'is_done', 'flag') }} as is_done,
    {{ alfacrm.column(loaded, 'is_private', 'flag') }} as is_private,
    {{ alfacrm.column(loaded, 'due_date', 'date') }} as due_date,
    {{ alfacrm.column(loaded, 'done_date', 'instant') }} as done_date,
    {{ alfacrm.column(loaded, 'done_date', 'local') }} as done_date_local,
    {{ alfacrm.column(loaded, 'is_public_entry', 'flag') }} as is_public_entry,
    {{ alfacrm.column(loaded, 'is_notify', 'flag') }} as is_notify,
    {{ alfacrm.column(loaded, 'priority', 'integer') }} as priority,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'tasks'), ['id'], var('alfacrm_append_only', false)
) }}
