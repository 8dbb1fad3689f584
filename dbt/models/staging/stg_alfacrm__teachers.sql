-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'teachers')) %}
{%- set standard = ['id', 'name', 'is_archived', 'branch_ids', 'dob', 'gender', 'streaming_id', 'note', 'e_date', 'avatar_url', 'phone', 'email', 'web', 'addr', 'teacher_to_skill'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as teacher_id,
    {{ alfacrm.column(loaded, 'name', 'text') }} as name,
    {{ alfacrm.column(loaded, 'is_archived', 'flag') }} as is_archived,
    {{ alfacrm.column(loaded, 'branch_ids', 'json') }} as branch_ids,
    {{ alfacrm.column(loaded, 'dob', 'date') }} as dob,
    {{ alfacrm.column(loaded, 'gender', 'integer') }} as gender,
    {{ alfacrm.column(loaded, 'streaming_id', 'integer') }} as streaming_id,
    {{ alfacrm.column(loaded, 'note', 'text') }} as note,
    {{ alfacrm.column(loaded, 'e_date', 'date') }} as e_date,
    {{ alfacrm.column(loaded, 'avatar_url', 'text') }} as avatar_url,
    {{ alfacrm.column(loaded, 'phone', 'json') }} as phone,
    {{ alfacrm.column(loaded, 'email', 'json') }} as email,
    {{ alfacrm.column(loaded, 'web', 'json') }} as web,
    {{ alfacrm.column(loaded, 'addr', 'json') }} as addr,
    {{ alfacrm.column(loaded, 'teacher_to_skill', 'json') }} as teacher_to_skill,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'teachers'), ['id'], var('alfacrm_append_only', false)
) }}
