{#- The types of the columns of a loaded table by name, or none when the table does not exist.

With the var `alfacrm_look: false` the columns are those of the schema, so that a compilation needs no
database. -#}

{% macro loaded(relation) -%}
    {%- if not execute -%}{{ return({}) }}{%- endif -%}
    {%- set columns = {} -%}
    {%- if not var('alfacrm_look', true) -%}
        {%- for source in graph.sources.values()
            if source.package_name == 'alfacrm' and source.name == relation.identifier -%}
            {%- for name in source.columns -%}
                {%- do columns.update({name: ''}) -%}
            {%- endfor -%}
        {%- endfor -%}
        {{ return(columns) }}
    {%- endif -%}
    {%- set found = alfacrm.loaded_relation(relation) -%}
    {%- if found is none -%}{{ return(none) }}{%- endif -%}
    {%- for column in adapter.get_columns_in_relation(found) -%}
        {%- do columns.update({column.name: column.data_type | lower}) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{% macro loaded_relation(relation) -%}
    {%- set streams = var('alfacrm_streams', none) -%}
    {%- if streams is not none and relation.identifier not in streams -%}{{ return(none) }}{%- endif -%}
    {{ return(load_relation(relation)) }}
{%- endmacro %}

{#- The name under which a column was loaded, whatever its case, or none. -#}
{% macro loaded_name(loaded, name) -%}
    {%- if loaded -%}
        {%- if name in loaded -%}{{ return(name) }}{%- endif -%}
        {%- for found in loaded if found | lower == name -%}{{ return(found) }}{%- endfor -%}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{#- A column in the type that all models use; null when it was not loaded. -#}
{% macro column(loaded, name, kind) -%}
    {%- set found = alfacrm.loaded_name(loaded, name) -%}
    {%- if found is none -%}
        cast(null as {{ alfacrm.type_of(kind) }})
    {%- else -%}
        {{ alfacrm.converted(adapter.quote(found), loaded[found], kind) }}
    {%- endif -%}
{%- endmacro %}

{#- The columns that the tap's schema does not have: the account's custom fields, as they were loaded,
but for lists, which are JSON in all models. -#}
{% macro custom_columns(loaded, standard) -%}
    {%- for name in loaded or {}
        if name not in standard and name | lower not in standard and not name.lower().startswith('_sdc_') %}
    {% if loaded[name] == 'array' or loaded[name].startswith('array<') or loaded[name].endswith('[]') -%}
        {{ alfacrm.to_json(adapter.quote(name), loaded[name]) }} as {% endif -%}
    {{ adapter.quote(name) }},
    {%- endfor -%}
{%- endmacro %}

{#- The rows of a source, without those that the loader marked as deleted.

Where the loader adds a row at each change (the var `alfacrm_append_only`), the last one counts. -#}
{% macro loaded_rows(loaded, relation, key, is_append_only) -%}
    {%- if loaded is none -%}
        (select 1 as nothing) as nothing
        where 1 = 0
    {%- else -%}
        {%- set deleted = alfacrm.loaded_name(loaded, '_sdc_deleted_at') -%}
        {%- if is_append_only -%}
            {%- set keys = [] -%}
            {%- for name in key -%}
                {%- do keys.append(adapter.quote(alfacrm.loaded_name(loaded, name))) -%}
            {%- endfor -%}
            {%- set order = [] -%}
            {%- for name in ['_sdc_sequence', '_sdc_extracted_at', 'updated_at'] if alfacrm.loaded_name(loaded, name) -%}
                {%- do order.append(adapter.quote(alfacrm.loaded_name(loaded, name)) ~ ' desc') -%}
            {%- endfor -%}
            (
                select
                    *,
                    row_number() over (partition by {{ keys | join(', ') }} order by {{ order | join(', ') or '1' }}) as alfacrm_version
                from {{ relation }}
            ) as versions
            where alfacrm_version = 1
        {%- else -%}
            {{ relation }}
            {%- if deleted %}
            where 1 = 1
            {%- endif -%}
        {%- endif -%}
        {%- if deleted %} and {{ adapter.quote(deleted) }} is null{%- endif -%}
    {%- endif -%}
{%- endmacro %}
