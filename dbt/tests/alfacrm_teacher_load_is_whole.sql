-- a lesson counts once for each of its teachers, and once where it has none
with totals as (
    select
        (
            select coalesce(sum(lessons_conducted + lessons_cancelled + lessons_planned), 0) as total
            from {{ ref('alfacrm__teacher_load') }}
        ) as ours,
        (
            select
                coalesce(
                    sum(
                        case
                            when {{ alfacrm.json_length('teacher_ids') }} = 0 then 1
                            else {{ alfacrm.json_length('teacher_ids') }}
                        end
                    ), 0
                ) as total
            from {{ ref('stg_alfacrm__lessons') }}
            where status in (1, 2, 3)
        ) as theirs
)

select * from totals
where ours <> theirs
