-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'sms_messages')) %}
{%- set standard = ['id', 'user_id', 'phone', 'text', 'is_fail', 'is_sent', 'added', 'sent_date'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as sms_message_id,
    {{ alfacrm.column(loaded, 'user_id', 'integer') }} as user_id,
    {{ alfacrm.column(loaded, 'phone', 'text') }} as phone,
    {{ alfacrm.column(loaded, 'text', 'text') }} as text,
    {{ alfacrm.column(loaded, 'is_fail', 'flag') }} as is_fail,
    {{ alfacrm.column(loaded, 'is_sent', 'flag') }} as is_sent,
    {{ alfacrm.column(loaded, 'added', 'instant') }} as added,
    {{ alfacrm.column(loaded, 'added', 'local') }} as added_local,
    {{ alfacrm.column(loaded, 'sent_date', 'instant') }} as sent_date,
    {{ alfacrm.column(loaded, 'sent_date', 'local') }} as sent_date_local,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'sms_messages'), ['id'], var('alfacrm_append_only', false)
) }}
