{#- A whole number in a text column; null for any other text. -#}

{% macro whole_number(text) -%}
    case when {{ alfacrm.matches(text, '^-?[0-9]{1,18}$') }} then cast({{ text }} as {{ dbt.type_bigint() }}) end
{%- endmacro %}

{#- A decimal number in a text column, with a point or a comma; null for any other text. -#}
{% macro decimal_number(text) -%}
    case
        when {{ alfacrm.matches(text, '^-?[0-9]{1,18}([.,][0-9]{1,9})?$') }}
            then cast(replace({{ text }}, ',', '.') as {{ alfacrm.type_money() }})
    end
{%- endmacro %}

{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches', 'alfacrm')(text, pattern)) }}
{%- endmacro %}
{% macro duckdb__matches(text, pattern) -%}regexp_matches({{ text }}, '{{ pattern }}'){%- endmacro %}
{% macro postgres__matches(text, pattern) -%}({{ text }} ~ '{{ pattern }}'){%- endmacro %}
{% macro bigquery__matches(text, pattern) -%}regexp_contains({{ text }}, r'{{ pattern }}'){%- endmacro %}
{% macro snowflake__matches(text, pattern) -%}regexp_like({{ text }}, '{{ pattern }}'){%- endmacro %}

{#- A share from 0 to 1 with four digits; null when the whole is 0. -#}
{% macro share(part, whole) -%}
    round(cast({{ part }} as {{ alfacrm.type_share() }}) / nullif({{ whole }}, 0), 4)
{%- endmacro %}

{% macro type_share() -%}{{ return(adapter.dispatch('type_share', 'alfacrm')()) }}{%- endmacro %}
{% macro default__type_share() -%}numeric(18, 4){%- endmacro %}
{% macro duckdb__type_share() -%}double{%- endmacro %}
{% macro postgres__type_share() -%}numeric{%- endmacro %}
{% macro bigquery__type_share() -%}numeric{%- endmacro %}

{% macro count_if(condition) -%}
    count(case when {{ condition }} then 1 end)
{%- endmacro %}

{#- BigQuery requires DISTINCT. -#}
{% macro union_distinct() -%}{{ return(adapter.dispatch('union_distinct', 'alfacrm')()) }}{%- endmacro %}
{% macro default__union_distinct() -%}union{%- endmacro %}
{% macro bigquery__union_distinct() -%}union distinct{%- endmacro %}

{#- A key of several columns, some of which can be null. -#}
{% macro key(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns -%}
        {%- do parts.append("coalesce(cast(" ~ column ~ " as " ~ dbt.type_string() ~ "), 'none')") -%}
    {%- endfor -%}
    {{ parts | join(" || '-' || ") }}
{%- endmacro %}
