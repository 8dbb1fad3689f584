with cohorts as (
    select
        created_month as cohort_month,
        lead_source_id,
        count(*) as cards,
        {{ alfacrm.count_if("customer_status = 'open lead'") }} as open_leads,
        {{ alfacrm.count_if("customer_status = 'lost lead'") }} as lost_leads,
        {{ alfacrm.count_if("customer_status = 'client'") }} as clients,
        {{ alfacrm.count_if("customer_status = 'former client'") }} as former_clients,
        {{ alfacrm.count_if('first_trial_on is not null') }} as came_to_trial,
        {{ alfacrm.count_if('first_payment_on is not null') }} as paid,
        {{ alfacrm.count_if('days_to_first_payment <= 30') }} as paid_within_30_days,
        {{ alfacrm.count_if('days_to_first_payment <= 90') }} as paid_within_90_days,
        avg(days_to_first_payment) as average_days_to_first_payment,
        sum(net_income) as net_income
    from {{ ref('alfacrm__customers') }}
    group by created_month, lead_source_id
)

select
    {{ alfacrm.key(['cohorts.cohort_month', 'cohorts.lead_source_id']) }} as cohort_key,
    cohorts.*,
    coalesce(sources.name, '(no source given)') as lead_source,
    {{ alfacrm.share('cohorts.clients + cohorts.former_clients', 'cohorts.cards') }}
        as conversion_share,
    {{ alfacrm.share('cohorts.paid', 'cohorts.cards') }} as paid_share
from cohorts
left join {{ ref('stg_alfacrm__lead_sources') }} as sources
    on cohorts.lead_source_id = sources.lead_source_id
