with members as (
    select
        group_id,
        count(distinct customer_id) as members
    from {{ ref('stg_alfacrm__group_memberships') }}
    where
        (b_date is null or b_date <= {{ alfacrm.today() }})
        and (e_date is null or e_date >= {{ alfacrm.today() }})
    group by group_id
),

recent as (
    select
        lesson_groups.group_id,
        max(attendance.lesson_date) as last_lesson_on,
        count(distinct attendance.lesson_id) as lessons_in_30_days,
        {{ alfacrm.count_if('attendance.has_attendance') }} as pupils_expected_in_30_days,
        {{ alfacrm.count_if('attendance.is_attended') }} as pupils_came_in_30_days
    from {{ ref('alfacrm__attendance') }} as attendance
    inner join {{ ref('alfacrm__lesson_groups') }} as lesson_groups
        on attendance.lesson_id = lesson_groups.lesson_id
    where
        attendance.lesson_date <= {{ alfacrm.today() }}
        and {{ alfacrm.days_between('attendance.lesson_date', alfacrm.today()) }} < 30
    group by lesson_groups.group_id
),

teachers as (
    select
        group_id,
        count(*) as teachers,
        min(teacher_name) as teacher
    from {{ ref('alfacrm__group_teachers') }}
    group by group_id
),

branches as (
    select
        group_id,
        min(branch_id) as branch_id
    from {{ ref('alfacrm__group_branches') }}
    group by group_id
)

select
    school_groups.group_id,
    school_groups.name as group_name,
    school_groups.is_archived,
    branches.branch_id,
    branch_names.name as branch,
    coalesce(teachers.teachers, 0) as teachers,
    teachers.teacher,
    school_groups.group_limit as places,
    coalesce(members.members, 0) as members,
    school_groups.group_limit - coalesce(members.members, 0) as free_places,
    {{ alfacrm.share('coalesce(members.members, 0)', 'school_groups.group_limit') }} as occupancy_share,
    coalesce(recent.lessons_in_30_days, 0) as lessons_in_30_days,
    recent.last_lesson_on,
    {{ alfacrm.share('recent.pupils_came_in_30_days', 'recent.pupils_expected_in_30_days') }}
        as attendance_share_in_30_days
from {{ ref('stg_alfacrm__groups') }} as school_groups
left join members on school_groups.group_id = members.group_id
left join recent on school_groups.group_id = recent.group_id
left join teachers on school_groups.group_id = teachers.group_id
left join branches on school_groups.group_id = branches.group_id
left join {{ ref('stg_alfacrm__branches') }} as branch_names
    on branches.branch_id = branch_names.branch_id
