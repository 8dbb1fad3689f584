with cards as (
    select
        manager_id,
        created_month as activity_month,
        count(*) as cards,
        {{ alfacrm.count_if("customer_status = 'open lead'") }} as open_leads,
        {{ alfacrm.count_if("customer_status = 'lost lead'") }} as lost_leads,
        {{ alfacrm.count_if('is_client') }} as clients,
        {{ alfacrm.count_if('first_payment_on is not null') }} as paid,
        sum(net_income) as net_income,
        avg(days_to_first_payment) as average_days_to_first_payment
    from {{ ref('alfacrm__customers') }}
    group by manager_id, created_month
),

tasks as (
    select
        assignees.user_id as manager_id,
        {{ alfacrm.month_of('tasks.due_date') }} as activity_month,
        count(*) as tasks_due,
        {{ alfacrm.count_if('tasks.is_done') }} as tasks_done,
        {{ alfacrm.count_if(
            'tasks.is_done and cast(tasks.done_date_local as date) <= tasks.due_date'
        ) }} as tasks_done_in_time
    from {{ ref('stg_alfacrm__tasks') }} as tasks
    inner join {{ ref('alfacrm__task_assignees') }} as assignees
        on tasks.task_id = assignees.task_id
    where tasks.due_date is not null
    group by assignees.user_id, {{ alfacrm.month_of('tasks.due_date') }}
),

moves as (
    select
        user_id as manager_id,
        {{ alfacrm.month_of('entered_at_local') }} as activity_month,
        count(*) as stage_changes
    from {{ ref('alfacrm__lead_stage_history') }}
    where is_logged
    group by user_id, {{ alfacrm.month_of('entered_at_local') }}
),

rows_of_all as (
    select
        manager_id,
        activity_month
    from cards
    {{ alfacrm.union_distinct() }}
    select
        manager_id,
        activity_month
    from tasks
    {{ alfacrm.union_distinct() }}
    select
        manager_id,
        activity_month
    from moves
)

select
    {{ alfacrm.key(['months.manager_id', 'months.activity_month']) }} as manager_month_key,
    months.manager_id,
    coalesce(users.name, '(nobody)') as manager,
    months.activity_month,
    coalesce(cards.cards, 0) as cards,
    coalesce(cards.open_leads, 0) as open_leads,
    coalesce(cards.lost_leads, 0) as lost_leads,
    coalesce(cards.clients, 0) as clients,
    {{ alfacrm.share('cards.clients', 'cards.cards') }} as conversion_share,
    coalesce(cards.paid, 0) as paid,
    coalesce(cards.net_income, 0) as net_income,
    cards.average_days_to_first_payment,
    coalesce(moves.stage_changes, 0) as stage_changes,
    coalesce(tasks.tasks_due, 0) as tasks_due,
    coalesce(tasks.tasks_done, 0) as tasks_done,
    coalesce(tasks.tasks_done_in_time, 0) as tasks_done_in_time
from rows_of_all as months
left join cards
    on coalesce(months.manager_id, -1) = coalesce(cards.manager_id, -1)
    and {{ alfacrm.same_day('months.activity_month', 'cards.activity_month') }}
left join tasks
    on coalesce(months.manager_id, -1) = coalesce(tasks.manager_id, -1)
    and {{ alfacrm.same_day('months.activity_month', 'tasks.activity_month') }}
left join moves
    on coalesce(months.manager_id, -1) = coalesce(moves.manager_id, -1)
    and {{ alfacrm.same_day('months.activity_month', 'moves.activity_month') }}
left join {{ ref('stg_alfacrm__users') }} as users
    on months.manager_id = users.user_id
