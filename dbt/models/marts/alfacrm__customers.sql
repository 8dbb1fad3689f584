with branches as (
    select
        customer_id,
        min(branch_id) as branch_id,
        count(*) as branches
    from {{ ref('alfacrm__customer_branches') }}
    group by customer_id
),

cards as (
    select
        *,
        cast(coalesce(created_at_local, b_date_local) as date) as created_on,
        case
            when is_client and is_archived then 'former client'
            when is_client then 'client'
            when is_archived then 'lost lead'
            else 'open lead'
        end as customer_status
    from {{ ref('stg_alfacrm__customers') }}
)

select
    cards.customer_id,
    cards.name as customer,
    cards.customer_status,
    cards.is_client,
    cards.is_archived,
    cards.created_on,
    {{ alfacrm.month_of('cards.created_on') }} as created_month,
    case when cards.is_archived then cards.e_date end as archived_on,
    branches.branch_id,
    branch_names.name as branch,
    coalesce(branches.branches, 0) as branches,
    coalesce(stages.pipeline_id, cards.pipeline_id) as pipeline_id,
    pipelines.name as pipeline,
    cards.lead_status_id,
    stages.name as stage,
    cards.study_status_id,
    study_statuses.name as study_status,
    cards.lead_source_id,
    sources.name as lead_source,
    cards.lead_reject_id,
    lead_rejects.name as lead_reject,
    cards.customer_reject_id,
    customer_rejects.name as customer_reject,
    cards.assigned_id as manager_id,
    managers.name as manager,
    lessons.first_trial_on,
    lessons.first_lesson_on,
    lessons.last_lesson_on,
    coalesce(lessons.lessons_attended, 0) as lessons_attended,
    coalesce(lessons.lessons_missed, 0) as lessons_missed,
    coalesce(lessons.charged, 0) as charged,
    payments.first_payment_on,
    payments.last_payment_on,
    {{ alfacrm.days_between('cards.created_on', 'payments.first_payment_on') }}
        as days_to_first_payment,
    coalesce(payments.payments, 0) as payments,
    coalesce(payments.income, 0) as income,
    coalesce(payments.refunds, 0) as refunds,
    coalesce(payments.income, 0) - coalesce(payments.refunds, 0) as net_income,
    cards.balance,
    cards.paid_count as paid_lessons_left
from cards
left join branches on cards.customer_id = branches.customer_id
left join {{ ref('stg_alfacrm__branches') }} as branch_names
    on branches.branch_id = branch_names.branch_id
left join {{ ref('stg_alfacrm__lead_statuses') }} as stages
    on cards.lead_status_id = stages.lead_status_id
left join {{ ref('stg_alfacrm__pipelines') }} as pipelines
    on coalesce(stages.pipeline_id, cards.pipeline_id) = pipelines.pipeline_id
left join {{ ref('stg_alfacrm__study_statuses') }} as study_statuses
    on cards.study_status_id = study_statuses.study_status_id
left join {{ ref('stg_alfacrm__lead_sources') }} as sources
    on cards.lead_source_id = sources.lead_source_id
left join {{ ref('stg_alfacrm__lead_rejects') }} as lead_rejects
    on cards.lead_reject_id = lead_rejects.lead_reject_id
left join {{ ref('stg_alfacrm__customer_rejects') }} as customer_rejects
    on cards.customer_reject_id = customer_rejects.customer_reject_id
left join {{ ref('stg_alfacrm__users') }} as managers
    on cards.assigned_id = managers.user_id
left join {{ ref('int_alfacrm__customer_lessons') }} as lessons
    on cards.customer_id = lessons.customer_id
left join {{ ref('int_alfacrm__customer_payments') }} as payments
    on cards.customer_id = payments.customer_id
