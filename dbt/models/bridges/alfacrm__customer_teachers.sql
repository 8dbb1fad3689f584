-- newer accounts give ids, older ones names
with entries as (
    select distinct
        customer_id,
        {{ alfacrm.json_text(alfacrm.item()) }} as entry
    from {{ alfacrm.from_unfolded(ref('stg_alfacrm__customers'), 'teacher_ids') }}
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
        entries.customer_id,
        entries.entry,
        coalesce(
            {{ alfacrm.whole_number('entries.entry') }}, named.teacher_id
        ) as teacher_id
    from entries
    left join named on entries.entry = named.name
)

select
    identified.customer_id,
    identified.teacher_id,
    coalesce(teachers.name, identified.entry) as teacher_name
from identified
left join {{ ref('stg_alfacrm__teachers') }} as teachers
    on identified.teacher_id = teachers.teacher_id
