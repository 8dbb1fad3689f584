{#- The teachers of each row of a model, whose `teacher_ids` hold ids or names. -#}
{% macro teachers_of(model, id) %}
-- newer accounts give ids, older ones names
with entries as (
    select distinct
        {{ id }},
        {{ alfacrm.json_text(alfacrm.item()) }} as entry
    from {{ alfacrm.from_unfolded(ref(model), 'teacher_ids') }}
),

named as (
    select
        name,
        min(teacher_id) as teacher_id
    from {{ ref('stg_alfacrm__teachers') }}
    group by name
    having count(*) = 1
),

identified as (
    select
        entries.{{ id }},
        entries.entry,
        coalesce(
            {{ alfacrm.whole_number('entries.entry') }}, named.teacher_id
        ) as teacher_id
    from entries
    left join named on entries.entry = named.name
)

select
    identified.{{ id }},
    identified.teacher_id,
    coalesce(teachers.name, identified.entry) as teacher_name
from identified
left join {{ ref('stg_alfacrm__teachers') }} as teachers
    on identified.teacher_id = teachers.teacher_id
{% endmacro %}
