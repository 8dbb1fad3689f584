{#- The school's time zone: the var `timezone`, or the setting of the tap where it is in the environment. -#}

{% macro timezone() -%}
    {{ return(var('timezone', none) or env_var('TAP_ALFACRM_TIMEZONE', 'UTC')) }}
{%- endmacro %}

{#- An instant, UTC, as the school's clock shows it. -#}

{% macro school_time(instant) -%}{{ return(adapter.dispatch('school_time', 'alfacrm')(instant)) }}{%- endmacro %}

{% macro default__school_time(instant) -%}
    (({{ instant }} at time zone 'UTC') at time zone '{{ alfacrm.timezone() }}')
{%- endmacro %}

{% macro bigquery__school_time(instant) -%}
    datetime({{ instant }}, '{{ alfacrm.timezone() }}')
{%- endmacro %}

{% macro snowflake__school_time(instant) -%}
    convert_timezone('UTC', '{{ alfacrm.timezone() }}', cast({{ instant }} as timestamp_ntz))
{%- endmacro %}

{#- The day on which the models are built, at the school; the var `alfacrm_today` sets another. -#}
{% macro today() -%}
    {%- if var('alfacrm_today', none) -%}
        cast('{{ var('alfacrm_today') }}' as date)
    {%- else -%}
        cast({{ alfacrm.now_at_school() }} as date)
    {%- endif -%}
{%- endmacro %}

{% macro now_at_school() -%}{{ return(adapter.dispatch('now_at_school', 'alfacrm')()) }}{%- endmacro %}
{% macro default__now_at_school() -%}(now() at time zone '{{ alfacrm.timezone() }}'){%- endmacro %}
{% macro bigquery__now_at_school() -%}current_datetime('{{ alfacrm.timezone() }}'){%- endmacro %}
{% macro snowflake__now_at_school() -%}
    convert_timezone('{{ alfacrm.timezone() }}', current_timestamp())
{%- endmacro %}

{% macro month_of(day) -%}
    cast({{ dbt.date_trunc('month', day) }} as date)
{%- endmacro %}

{% macro days_between(first, last) -%}
    {{ dbt.datediff(first, last, 'day') }}
{%- endmacro %}

{#- Whether two days are the same one, or both unknown. -#}
{% macro same_day(one, other) -%}
    coalesce({{ one }}, cast('0001-01-01' as date)) = coalesce({{ other }}, cast('0001-01-01' as date))
{%- endmacro %}
