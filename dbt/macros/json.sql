{#- Lists and objects as JSON.

target-postgres writes arrays and jsonb, DuckDB lists and JSON, target-bigquery repeated columns,
target-snowflake variants; flattened lists are texts. -#}

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

{#- `from` a relation, with a row for each entry of a list; `item()` is the entry. -#}
{% macro from_unfolded(relation, list) -%}
    {{ return(adapter.dispatch('from_unfolded', 'alfacrm')(relation, list)) }}
{%- endmacro %}

{% macro duckdb__from_unfolded(relation, list) -%}
    {{ relation }} cross join unnest(from_json({{ list }}, '["json"]')) as items (item)
{%- endmacro %}

{% macro postgres__from_unfolded(relation, list) -%}
    {{ relation }}
    cross join lateral jsonb_array_elements(
        case jsonb_typeof({{ list }}) when 'array' then {{ list }} else cast('[]' as jsonb) end
    ) as items (item)
{%- endmacro %}

{% macro bigquery__from_unfolded(relation, list) -%}
    {{ relation }} cross join unnest(json_query_array({{ list }})) as item
{%- endmacro %}

{% macro snowflake__from_unfolded(relation, list) -%}
    {{ relation }} cross join lateral flatten(input => {{ list }}) as items
{%- endmacro %}

{% macro item() -%}{{ return(adapter.dispatch('item', 'alfacrm')()) }}{%- endmacro %}
{% macro default__item() -%}item{%- endmacro %}
{% macro snowflake__item() -%}items.value{%- endmacro %}

{#- A JSON value, or with a key that field of a JSON object, as text. -#}
{% macro json_text(value, key=none) -%}
    {{ return(adapter.dispatch('json_text', 'alfacrm')(value, key)) }}
{%- endmacro %}

{% macro duckdb__json_text(value, key) -%}
    ({{ value }} ->> '{{ '$' if key is none else '$.' ~ key }}')
{%- endmacro %}

{% macro postgres__json_text(value, key) -%}
    ({{ value }} #>> '{{ '{}' if key is none else '{' ~ key ~ '}' }}')
{%- endmacro %}

{% macro bigquery__json_text(value, key) -%}
    json_value({{ value }}, '{{ '$' if key is none else '$.' ~ key }}')
{%- endmacro %}

{% macro snowflake__json_text(value, key) -%}
    cast({{ value if key is none else 'get(' ~ value ~ ", '" ~ key ~ "')" }} as varchar)
{%- endmacro %}

{#- Whether a JSON object has a field, also when its value is null. -#}
{% macro json_has(value, key) -%}
    {{ return(adapter.dispatch('json_has', 'alfacrm')(value, key)) }}
{%- endmacro %}

{% macro duckdb__json_has(value, key) -%}
    coalesce(json_exists({{ value }}, '$.{{ key }}'), false)
{%- endmacro %}

{% macro postgres__json_has(value, key) -%}
    coalesce(jsonb_exists({{ value }}, '{{ key }}'), false)
{%- endmacro %}

{% macro bigquery__json_has(value, key) -%}
    (json_query({{ value }}, '$.{{ key }}') is not null)
{%- endmacro %}

{% macro snowflake__json_has(value, key) -%}
    (get({{ value }}, '{{ key }}') is not null)
{%- endmacro %}

{#- The number of entries of a JSON list; 0 for any other value. -#}
{% macro json_length(list) -%}
    {{ return(adapter.dispatch('json_length', 'alfacrm')(list)) }}
{%- endmacro %}

{% macro duckdb__json_length(list) -%}
    coalesce(json_array_length({{ list }}), 0)
{%- endmacro %}

{% macro postgres__json_length(list) -%}
    case jsonb_typeof({{ list }}) when 'array' then jsonb_array_length({{ list }}) else 0 end
{%- endmacro %}

{% macro bigquery__json_length(list) -%}
    coalesce(array_length(json_query_array({{ list }})), 0)
{%- endmacro %}

{% macro snowflake__json_length(list) -%}
    coalesce(array_size({{ list }}), 0)
{%- endmacro %}
