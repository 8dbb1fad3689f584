{#- Views in the schema of the target over the models of all schools, with a column `school`.

    dbt run-operation union_schools --vars '{alfacrm_schools: [north, south]}'

The var `alfacrm_schools_schema` names the schema of a school's models; `{school}` stands for the school. A column
that a school does not have, such as a custom field, is null in its rows. -#}
{% macro union_schools() -%}
    {%- set schools = var('alfacrm_schools') -%}
    {%- set pattern = var('alfacrm_schools_schema', '{school}_models') -%}
    {%- do adapter.create_schema(api.Relation.create(database=target.database, schema=target.schema)) -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.package_name == 'alfacrm' and node.path.startswith(('marts/', 'bridges/')) -%}
        {%- set found = [] -%}
        {%- set types = {} -%}
        {%- for school in schools -%}
            {%- set relation = adapter.get_relation(target.database, pattern.replace('{school}', school), node.name) -%}
            {%- if relation is not none -%}
                {%- set columns = {} -%}
                {%- for column in adapter.get_columns_in_relation(relation) -%}
                    {%- do columns.update({column.name: column.data_type}) -%}
                    {%- do types.setdefault(column.name, column.data_type) -%}
                {%- endfor -%}
                {%- do found.append((school, relation, columns)) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if found and found | length < schools | length -%}
            {%- do exceptions.raise_compiler_error('Not every school has ' ~ node.name ~ '; build the models of all first.') -%}
        {%- endif -%}
        {%- if found -%}
        {%- set view = api.Relation.create(
            database=target.database, schema=target.schema, identifier=node.name, type='view'
        ) -%}
        {%- set parts = [] -%}
        {%- for school, relation, columns in found -%}
            {%- set chosen = ["cast('" ~ school ~ "' as " ~ alfacrm.type_of('text') ~ ") as school"] -%}
            {%- for name, kind in types.items() -%}
                {%- if name in columns -%}
                    {%- do chosen.append(adapter.quote(name)) -%}
                {%- else -%}
                    {%- do chosen.append('cast(null as ' ~ kind ~ ') as ' ~ adapter.quote(name)) -%}
                {%- endif -%}
            {%- endfor -%}
            {%- do parts.append('select ' ~ chosen | join(', ') ~ ' from ' ~ relation) -%}
        {%- endfor -%}
        {%- do run_query('drop view if exists ' ~ view) -%}
        {%- do run_query('create view ' ~ view ~ ' as ' ~ parts | join(' union all ')) -%}
        {%- do log(node.name ~ ': ' ~ schools | length ~ ' schools', info=true) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if target.type in ['duckdb', 'postgres', 'redshift'] -%}
        {%- do run_query('commit') -%}
    {%- endif -%}
{%- endmacro %}
