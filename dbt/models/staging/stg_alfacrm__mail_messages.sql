-- written by scripts/dbt_sources.py from tap_alfacrm/schemas
{%- set loaded = alfacrm.loaded(source('alfacrm', 'mail_messages')) %}
{%- set standard = ['id', 'email', 'subject', 'html', 'is_sent', 'sent_date'] %}
select
    {{ alfacrm.column(loaded, 'id', 'integer') }} as mail_message_id,
    {{ alfacrm.column(loaded, 'email', 'text') }} as email,
    {{ alfacrm.column(loaded, 'subject', 'text') }} as subject,
    {{ alfacrm.column(loaded, 'html', 'text') }} as html,
    {{ alfacrm.column(loaded, 'is_sent', 'flag') }} as is_sent,
    {{ alfacrm.column(loaded, 'sent_date', 'instant') }} as sent_date,
    {{ alfacrm.column(loaded, 'sent_date', 'local') }} as sent_date_local,
    {{- alfacrm.custom_columns(loaded, standard) }}
    {{ alfacrm.column(loaded, '_sdc_extracted_at', 'instant') }} as extracted_at
from {{ alfacrm.loaded_rows(
    loaded, source('alfacrm', 'mail_messages'), ['id'], var('alfacrm_append_only', false)
) }}
