with subscriptions as (
    select
        customer_id,
        count(*) as live_subscriptions,
        sum(balance) as subscription_balance
    from {{ ref('stg_alfacrm__customer_tariffs') }}
    where not is_archived
    group by customer_id
),

bonuses as (
    select
        customer_id,
        balance_bonus
    from {{ ref('stg_alfacrm__customer_bonus_balances') }}
)

select
    customers.customer_id,
    customers.customer,
    customers.customer_status,
    customers.branch_id,
    customers.branch,
    customers.manager_id,
    customers.manager,
    cards.balance,
    cards.balance_base,
    coalesce(cards.balance, 0) - coalesce(cards.balance_base, 0) as balance_separate,
    coalesce(bonuses.balance_bonus, cards.balance_bonus) as balance_bonus,
    cards.paid_count as paid_lessons_left,
    cast(cards.paid_till_local as date) as paid_till,
    coalesce(subscriptions.live_subscriptions, 0) as live_subscriptions,
    subscriptions.subscription_balance,
    customers.last_payment_on,
    customers.last_lesson_on,
    customers.net_income,
    customers.charged,
    customers.net_income - customers.charged as expected_balance,
    coalesce(cards.balance < 0, false) or coalesce(cards.paid_count < 0, false) as is_debtor
from {{ ref('alfacrm__customers') }} as customers
inner join {{ ref('stg_alfacrm__customers') }} as cards
    on customers.customer_id = cards.customer_id
left join subscriptions on customers.customer_id = subscriptions.customer_id
left join bonuses on customers.customer_id = bonuses.customer_id
where cards.paid_count is not null or cards.balance <> 0
