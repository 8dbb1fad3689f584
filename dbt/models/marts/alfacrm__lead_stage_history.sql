with changes as (
    select
        entity_id as customer_id,
        log_id,
        user_id,
        event,
        date_time as changed_at,
        date_time_local as changed_at_local,
        {{ alfacrm.whole_number(alfacrm.json_text('fields_old', 'lead_status_id')) }}
            as old_status_id,
        {{ alfacrm.whole_number(alfacrm.json_text('fields_new', 'lead_status_id')) }}
            as new_status_id,
        row_number() over (partition by entity_id order by date_time, log_id) as change_number
    from {{ ref('stg_alfacrm__logs') }}
    where entity = 'Customer' and {{ alfacrm.json_has('fields_new', 'lead_status_id') }}
),

cards as (
    select
        customer_id,
        is_client,
        is_archived,
        lead_status_id,
        e_date,
        coalesce(created_at, b_date) as created_at,
        coalesce(created_at_local, b_date_local) as created_at_local
    from {{ ref('stg_alfacrm__customers') }}
),

entries as (
    -- what the log holds
    select
        customer_id,
        log_id,
        user_id,
        new_status_id as lead_status_id,
        changed_at as entered_at,
        changed_at_local as entered_at_local,
        true as is_logged
    from changes

    union all

    -- the stage before the first logged change, since the card was made
    select
        changes.customer_id,
        cast(null as {{ dbt.type_bigint() }}) as log_id,
        cast(null as {{ dbt.type_bigint() }}) as user_id,
        changes.old_status_id as lead_status_id,
        case
            when cards.created_at < changes.changed_at then cards.created_at
            else changes.changed_at
        end as entered_at,
        case
            when cards.created_at < changes.changed_at then cards.created_at_local
            else changes.changed_at_local
        end as entered_at_local,
        false as is_logged
    from changes
    left join cards on changes.customer_id = cards.customer_id
    where changes.change_number = 1 and changes.old_status_id is not null

    union all

    -- a card whose stage never changed since the log begins
    select
        cards.customer_id,
        cast(null as {{ dbt.type_bigint() }}) as log_id,
        cast(null as {{ dbt.type_bigint() }}) as user_id,
        cards.lead_status_id,
        cards.created_at as entered_at,
        cards.created_at_local as entered_at_local,
        false as is_logged
    from cards
    left join changes
        on cards.customer_id = changes.customer_id and changes.change_number = 1
    where changes.customer_id is null and cards.lead_status_id is not null
),

periods as (
    select
        entries.*,
        row_number() over (
            partition by customer_id
            order by case when log_id is null then 0 else 1 end, entered_at, log_id
        ) as entry_number,
        lead(entered_at) over (
            partition by customer_id
            order by case when log_id is null then 0 else 1 end, entered_at, log_id
        ) as left_at,
        lead(entered_at_local) over (
            partition by customer_id
            order by case when log_id is null then 0 else 1 end, entered_at, log_id
        ) as left_at_local,
        row_number() over (
            partition by customer_id
            order by case when log_id is null then 1 else 0 end, entered_at desc, log_id desc
        ) = 1 as is_last
    from entries
)

select
    {{ alfacrm.key(['periods.customer_id', 'periods.entry_number']) }} as stage_period_key,
    periods.customer_id,
    periods.lead_status_id,
    stages.name as stage,
    stages.pipeline_id,
    pipelines.name as pipeline,
    periods.entered_at,
    periods.entered_at_local,
    periods.left_at,
    periods.left_at_local,
    {{ alfacrm.days_between('periods.entered_at_local', 'periods.left_at_local') }} as days,
    periods.is_last,
    periods.is_logged,
    periods.log_id,
    periods.user_id,
    users.name as changed_by,
    case when periods.is_last then periods.lead_status_id = cards.lead_status_id end
        as agrees_with_card
from periods
left join {{ ref('stg_alfacrm__lead_statuses') }} as stages
    on periods.lead_status_id = stages.lead_status_id
left join {{ ref('stg_alfacrm__pipelines') }} as pipelines
    on stages.pipeline_id = pipelines.pipeline_id
left join {{ ref('stg_alfacrm__users') }} as users
    on periods.user_id = users.user_id
left join cards on periods.customer_id = cards.customer_id
where periods.lead_status_id is not null
