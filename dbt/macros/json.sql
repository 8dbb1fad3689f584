{#- Lists and objects, which each loader keeps in its own way, as JSON.

target-postgres makes arrays and jsonb of them, DuckDB lists and JSON, target-bigquery repeated
columns, target-snowflake variants; a loader of flat columns makes texts. -#}

{% macro to_json(expression, loaded_type) -%}
    {{ return(adapter.dispatch('to_json', 'alfacrm')(expression, loaded_type)) }}
{%- endmacro %}

{% macro is_text(loaded_type) -%}
    {{ return(loaded_type.split('(')[0] in ('text', 'varchar', 'character varying', 'string')) }}
{%- endmacro %}

{% macro default__to_json(expression, loaded_type) -%}
    {%- if alfacrm.is_text(loaded_type) -%}
        cast(nullif({{ expression }}, '') as json)
    {%- else -%}
        to_json({{ expression }})
    {%- endif -%}
{%- endmacro %}

{% macro postgres__to_json(expression, loaded_type) -%}
    {%- if alfacrm.is_text(loaded_type) -%}
        cast(nullif({{ expression }}, '') as jsonb)
    {%- else -%}
        to_jsonb({{ expression }})
    {%- endif -%}
{%- endmacro %}

{% macro bigquery__to_json(expression, loaded_type) -%}
    {%- if alfacrm.is_text(loaded_type) -%}
        safe.parse_json(nullif({{ expression }}, ''))
    {%- else -%}
        to_json({{ expression }})
    {%- endif -%}
{%- endmacro %}

{% macro snowflake__to_json(expression, loaded_type) -%}
    {%- if alfacrm.is_text(loaded_type) -%}
        try_parse_json(nullif({{ expression }}, ''))
    {%- else -%}
        to_variant({{ expression }})
    {%- endif -%}
{%- endmacro %}
