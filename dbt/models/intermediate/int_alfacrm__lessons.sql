-- the odd second in which the CRM begins or ends a lesson is no minute of it
select
    lessons.*,
    {{ alfacrm.month_of('lessons.lesson_date') }} as lesson_month,
    case lessons.status when 1 then 'planned' when 2 then 'cancelled' when 3 then 'conducted' end
        as lesson_status,
    cast(
        round(
            cast({{ dbt.datediff('lessons.time_from', 'lessons.time_to', 'second') }} as numeric)
            / 60, 0
        ) as {{ dbt.type_bigint() }}
    ) as minutes,
    coalesce(lesson_types.name, lessons.lesson_type_name) as lesson_type,
    lessons.lesson_type_id = 3 as is_trial,
    subjects.name as subject,
    branches.name as branch
from {{ ref('stg_alfacrm__lessons') }} as lessons
left join {{ ref('stg_alfacrm__lesson_types') }} as lesson_types
    on lessons.lesson_type_id = lesson_types.lesson_type_id
left join {{ ref('stg_alfacrm__subjects') }} as subjects
    on lessons.subject_id = subjects.subject_id
left join {{ ref('stg_alfacrm__branches') }} as branches
    on lessons.branch_id = branches.branch_id
