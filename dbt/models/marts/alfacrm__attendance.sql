select
    pupils.lesson_customer_key,
    pupils.lesson_id,
    pupils.customer_id,
    customers.name as customer,
    lessons.lesson_date,
    lessons.lesson_month,
    lessons.time_from_local as starts_at_local,
    lessons.minutes,
    lessons.branch_id,
    lessons.branch,
    lessons.subject_id,
    lessons.subject,
    lessons.lesson_type_id,
    lessons.lesson_type,
    lessons.is_trial,
    pupils.has_attendance,
    pupils.is_attended,
    pupils.absence_reason_id,
    pupils.charge,
    pupils.customer_tariff_id,
    pupils.grade,
    pupils.grade_value,
    pupils.bonus,
    row_number() over (
        partition by pupils.customer_id
        order by lessons.lesson_date, lessons.time_from, lessons.lesson_id, pupils.entry_number
    ) as lesson_number
from {{ ref('alfacrm__lesson_customers') }} as pupils
inner join {{ ref('int_alfacrm__lessons') }} as lessons
    on pupils.lesson_id = lessons.lesson_id
left join {{ ref('stg_alfacrm__customers') }} as customers
    on pupils.customer_id = customers.customer_id
where lessons.lesson_status = 'conducted'
