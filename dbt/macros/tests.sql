{#- Tests of sources; a table that was not loaded passes. -#}

{% macro no_rows() -%}
    select 1 as nothing from (select 1 as nothing) as one where 1 = 0
{%- endmacro %}

{#- The key is not null and unique. -#}
{% test loaded_key(model, columns) %}
    {%- set loaded = alfacrm.loaded(model) -%}
    {%- if not loaded -%}
        {{ alfacrm.no_rows() }}
    {%- else -%}
        {%- set keys = [] -%}
        {%- for column in columns -%}
            {%- do keys.append(adapter.quote(alfacrm.loaded_name(loaded, column))) -%}
        {%- endfor %}
select
    {{ keys | join(', ') }},
    count(*) as found
from {{ model }}
group by {{ keys | join(', ') }}
having
    {% if not var('alfacrm_append_only', false) -%} count(*) > 1 or {% endif -%}
    {% for key in keys -%} {{ key }} is null{{ ' or ' if not loop.last }}{%- endfor %}
    {%- endif -%}
{% endtest %}

{#- Each id exists in another source, if that one is loaded; 0 means none. -#}
{% test loaded_relationships(model, column_name, to) %}
    {%- set ours = alfacrm.loaded(model) -%}
    {%- set theirs = alfacrm.loaded(to) -%}
    {%- set ids = alfacrm.loaded_name(ours, column_name) -%}
    {%- if not ids or not theirs -%}
        {{ alfacrm.no_rows() }}
    {%- else -%}
        {%- set found = adapter.quote(alfacrm.loaded_name(theirs, 'id')) %}
select ours.{{ adapter.quote(ids) }} as missing_id
from {{ model }} as ours
left join {{ to }} as theirs on ours.{{ adapter.quote(ids) }} = theirs.{{ found }}
where ours.{{ adapter.quote(ids) }} > 0 and theirs.{{ found }} is null
    {%- endif -%}
{% endtest %}

{#- A total equals that of another model, so that no row is lost or counted twice. -#}
{% test same_total(model, total, of, its_total, its_where='1 = 1') %}
with totals as (
    select
        (select coalesce({{ total }}, 0) as total from {{ model }}) as ours,
        (select coalesce({{ its_total }}, 0) as total from {{ of }} where {{ its_where }}) as theirs
)

select * from totals
where ours <> theirs
{% endtest %}
