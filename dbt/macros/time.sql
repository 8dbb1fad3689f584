{#- An instant, UTC, as the school's clock shows it. -#}

{% macro school_time(instant) -%}{{ return(adapter.dispatch('school_time', 'alfacrm')(instant)) }}{%- endmacro %}

{% macro default__school_time(instant) -%}
    (({{ instant }} at time zone 'UTC') at time zone '{{ var('timezone') }}')
{%- endmacro %}

{% macro bigquery__school_time(instant) -%}
    datetime({{ instant }}, '{{ var('timezone') }}')
{%- endmacro %}

{% macro snowflake__school_time(instant) -%}
    convert_timezone('UTC', '{{ var('timezone') }}', cast({{ instant }} as timestamp_ntz))
{%- endmacro %}
