with months as (
    select
        customer_id,
        lesson_month,
        {{ alfacrm.count_if('is_attended') }} as lessons_attended,
        sum(charge) as charged,
        min(lesson_month) over (partition by customer_id) as cohort_month
    from {{ ref('alfacrm__attendance') }}
    where is_attended and customer_id is not null
    group by customer_id, lesson_month
),

cohorts as (
    select
        cohort_month,
        count(distinct customer_id) as pupils
    from months
    group by cohort_month
),

spine as (
    select distinct lesson_month from months
)

select
    {{ alfacrm.key(['cohorts.cohort_month', 'spine.lesson_month']) }} as retention_key,
    cohorts.cohort_month,
    spine.lesson_month,
    {{ dbt.datediff('cohorts.cohort_month', 'spine.lesson_month', 'month') }} as month_number,
    max(cohorts.pupils) as cohort_pupils,
    count(months.customer_id) as active_pupils,
    {{ alfacrm.share('count(months.customer_id)', 'max(cohorts.pupils)') }} as retention_share,
    coalesce(sum(months.lessons_attended), 0) as lessons_attended,
    coalesce(sum(months.charged), 0) as charged
from cohorts
inner join spine on cohorts.cohort_month <= spine.lesson_month
left join months
    on cohorts.cohort_month = months.cohort_month
    and spine.lesson_month = months.lesson_month
group by cohorts.cohort_month, spine.lesson_month
