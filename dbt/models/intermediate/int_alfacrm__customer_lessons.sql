select
    customer_id,
    min(case when is_attended then lesson_date end) as first_lesson_on,
    max(case when is_attended then lesson_date end) as last_lesson_on,
    min(case when is_attended and is_trial then lesson_date end) as first_trial_on,
    {{ alfacrm.count_if('is_attended') }} as lessons_attended,
    {{ alfacrm.count_if('not is_attended') }} as lessons_missed,
    coalesce(sum(charge), 0) as charged
from {{ ref('alfacrm__attendance') }}
where customer_id is not null
group by customer_id
