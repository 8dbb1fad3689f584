with pays as (
    select
        *,
        {{ alfacrm.month_of('document_date') }} as revenue_month
    from {{ ref('stg_alfacrm__pays') }}
),

revenue as (
    select
        revenue_month,
        branch_id,
        pay_item_id,
        count(*) as entries,
        {{ alfacrm.count_if('pay_type_id = 1') }} as payments,
        count(distinct case when pay_type_id = 1 then customer_id end) as payers,
        coalesce(sum(case when pay_type_id = 1 then income end), 0) as income,
        coalesce(sum(case when pay_type_id = 1 and income < 0 then income end), 0) as corrections,
        coalesce(sum(case when pay_type_id = 1 and not is_confirmed then income end), 0)
            as unconfirmed_income,
        coalesce(sum(case when pay_type_id = 5 then abs(income) end), 0) as refunds,
        coalesce(sum(case when pay_type_id = 7 then abs(income) end), 0) as expenses,
        coalesce(sum(case when pay_type_id = 8 then abs(income) end), 0) as salaries,
        coalesce(
            sum(case when pay_type_id not in (1, 5, 7, 8) or pay_type_id is null then income end), 0
        ) as other
    from pays
    group by revenue_month, branch_id, pay_item_id
)

select
    {{ alfacrm.key(['revenue.revenue_month', 'revenue.branch_id', 'revenue.pay_item_id']) }} as revenue_key,
    revenue.*,
    revenue.income - revenue.refunds as net_income,
    branches.name as branch,
    items.name as pay_item,
    categories.name as pay_item_category
from revenue
left join {{ ref('stg_alfacrm__branches') }} as branches
    on revenue.branch_id = branches.branch_id
left join {{ ref('stg_alfacrm__pay_items') }} as items
    on revenue.pay_item_id = items.pay_item_id
left join {{ ref('stg_alfacrm__pay_item_categories') }} as categories
    on items.category_id = categories.pay_item_category_id
