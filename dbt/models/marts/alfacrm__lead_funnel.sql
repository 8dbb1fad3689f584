with leads as (
    select
        pipeline_id,
        lead_status_id,
        count(*) as leads,
        {{ alfacrm.count_if('not is_archived') }} as open_leads,
        {{ alfacrm.count_if('is_archived') }} as lost_leads,
        {{ alfacrm.count_if('first_trial_on is not null') }} as leads_after_trial
    from {{ ref('alfacrm__customers') }}
    where not is_client
    group by pipeline_id, lead_status_id
),

passed as (
    select
        history.lead_status_id,
        count(distinct history.customer_id) as cards_ever,
        count(distinct case when customers.is_client then history.customer_id end) as clients_since,
        avg(history.days) as average_days
    from {{ ref('alfacrm__lead_stage_history') }} as history
    left join {{ ref('stg_alfacrm__customers') }} as customers
        on history.customer_id = customers.customer_id
    group by history.lead_status_id
),

steps as (
    select
        pipeline_id,
        lead_status_id
    from {{ ref('stg_alfacrm__lead_statuses') }}
    {{ alfacrm.union_distinct() }}
    select
        pipeline_id,
        lead_status_id
    from leads
)

select
    {{ alfacrm.key(['steps.pipeline_id', 'steps.lead_status_id']) }} as funnel_key,
    steps.pipeline_id,
    pipelines.name as pipeline,
    steps.lead_status_id,
    coalesce(stages.name, '(unsorted)') as stage,
    stages.weight as stage_order,
    stages.is_enabled,
    coalesce(leads.leads, 0) as leads,
    coalesce(leads.open_leads, 0) as open_leads,
    coalesce(leads.lost_leads, 0) as lost_leads,
    {{ alfacrm.share('leads.lost_leads', 'leads.leads') }} as lost_share,
    coalesce(leads.leads_after_trial, 0) as leads_after_trial,
    coalesce(passed.cards_ever, 0) as cards_ever,
    coalesce(passed.clients_since, 0) as clients_since,
    passed.average_days
from steps
left join leads
    on coalesce(steps.pipeline_id, -1) = coalesce(leads.pipeline_id, -1)
    and coalesce(steps.lead_status_id, -1) = coalesce(leads.lead_status_id, -1)
left join passed on steps.lead_status_id = passed.lead_status_id
left join {{ ref('stg_alfacrm__lead_statuses') }} as stages
    on steps.lead_status_id = stages.lead_status_id
left join {{ ref('stg_alfacrm__pipelines') }} as pipelines
    on steps.pipeline_id = pipelines.pipeline_id
