-- every pupil of a conducted lesson, and nobody else
with totals as (
    select
        (select count(*) as total from {{ ref('alfacrm__attendance') }}) as ours,
        (
            select count(*) as total
            from {{ ref('alfacrm__lesson_customers') }} as pupils
            inner join {{ ref('stg_alfacrm__lessons') }} as lessons
                on pupils.lesson_id = lessons.lesson_id
            where lessons.status = 3
        ) as theirs
)

select * from totals
where ours <> theirs
