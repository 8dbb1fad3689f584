{#- The types of columns, by the kinds that the staging models name. -#}

{% macro type_of(kind) -%}
    {%- if kind == 'integer' -%}{{ dbt.type_bigint() }}
    {%- elif kind == 'number' -%}{{ alfacrm.type_money() }}
    {%- elif kind == 'flag' -%}{{ dbt.type_boolean() }}
    {%- elif kind == 'text' -%}{{ dbt.type_string() }}
    {%- elif kind == 'instant' -%}{{ dbt.type_timestamp() }}
    {%- elif kind == 'local' -%}{{ alfacrm.type_local() }}
    {%- elif kind == 'json' -%}{{ alfacrm.type_json() }}
    {%- elif kind in ('date', 'time') -%}{{ kind }}
    {%- else -%}{{ exceptions.raise_compiler_error('no type for ' ~ kind) }}
    {%- endif -%}
{%- endmacro %}

{% macro converted(expression, loaded_type, kind) -%}
    {%- if kind == 'json' -%}
        {{ alfacrm.to_json(expression, loaded_type) }}
    {%- elif kind == 'flag' and not loaded_type.startswith('bool') -%}
        (cast({{ expression }} as {{ dbt.type_bigint() }}) = 1)
    {%- elif kind == 'text' -%}
        nullif(cast({{ expression }} as {{ dbt.type_string() }}), '')
    {%- elif kind == 'local' -%}
        {{ alfacrm.school_time('cast(' ~ expression ~ ' as ' ~ dbt.type_timestamp() ~ ')') }}
    {%- else -%}
        cast({{ expression }} as {{ alfacrm.type_of(kind) }})
    {%- endif -%}
{%- endmacro %}

{#- Exact money. -#}
{% macro type_money() -%}{{ return(adapter.dispatch('type_money', 'alfacrm')()) }}{%- endmacro %}
{% macro default__type_money() -%}numeric(38, 9){%- endmacro %}
{% macro postgres__type_money() -%}numeric{%- endmacro %}
{% macro bigquery__type_money() -%}numeric{%- endmacro %}

{#- A time of the school's clock, without a zone. -#}
{% macro type_local() -%}{{ return(adapter.dispatch('type_local', 'alfacrm')()) }}{%- endmacro %}
{% macro default__type_local() -%}timestamp{%- endmacro %}
{% macro bigquery__type_local() -%}datetime{%- endmacro %}
{% macro snowflake__type_local() -%}timestamp_ntz{%- endmacro %}

{% macro type_json() -%}{{ return(adapter.dispatch('type_json', 'alfacrm')()) }}{%- endmacro %}
{% macro default__type_json() -%}json{%- endmacro %}
{% macro postgres__type_json() -%}jsonb{%- endmacro %}
{% macro snowflake__type_json() -%}variant{%- endmacro %}
