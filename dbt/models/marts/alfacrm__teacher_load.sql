with pupils as (
    select
        lesson_id,
        {{ alfacrm.count_if('has_attendance') }} as pupils_expected,
        {{ alfacrm.count_if('is_attended') }} as pupils_came,
        coalesce(sum(charge), 0) as charged
    from {{ ref('alfacrm__lesson_customers') }}
    group by lesson_id
),

lessons as (
    select
        teachers.teacher_id,
        lessons.lesson_month,
        lessons.lesson_status,
        lessons.is_trial,
        lessons.minutes,
        coalesce(pupils.pupils_expected, 0) as pupils_expected,
        coalesce(pupils.pupils_came, 0) as pupils_came,
        coalesce(pupils.charged, 0) as charged
    from {{ ref('int_alfacrm__lessons') }} as lessons
    left join {{ ref('alfacrm__lesson_teachers') }} as teachers
        on lessons.lesson_id = teachers.lesson_id
    left join pupils on lessons.lesson_id = pupils.lesson_id
),

load_by_month as (
    select
        teacher_id,
        lesson_month,
        {{ alfacrm.count_if("lesson_status = 'conducted'") }} as lessons_conducted,
        {{ alfacrm.count_if("lesson_status = 'cancelled'") }} as lessons_cancelled,
        {{ alfacrm.count_if("lesson_status = 'planned'") }} as lessons_planned,
        {{ alfacrm.count_if("lesson_status = 'conducted' and is_trial") }} as trials_conducted,
        coalesce(sum(case when lesson_status = 'conducted' then minutes end), 0)
            as minutes_conducted,
        coalesce(sum(case when lesson_status = 'conducted' then pupils_expected end), 0)
            as pupils_expected,
        coalesce(sum(case when lesson_status = 'conducted' then pupils_came end), 0)
            as pupils_came,
        coalesce(sum(case when lesson_status = 'conducted' then charged end), 0) as charged
    from lessons
    group by teacher_id, lesson_month
)

select
    {{ alfacrm.key(['load_by_month.teacher_id', 'load_by_month.lesson_month']) }} as teacher_month_key,
    load_by_month.*,
    {{ alfacrm.share('load_by_month.pupils_came', 'load_by_month.pupils_expected') }}
        as attendance_share,
    coalesce(teachers.name, '(nobody)') as teacher,
    teachers.is_archived
from load_by_month
left join {{ ref('stg_alfacrm__teachers') }} as teachers
    on load_by_month.teacher_id = teachers.teacher_id
