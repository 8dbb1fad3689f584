with pays as (
    select
        *,
        {{ alfacrm.month_of('document_date') }} as revenue_month
    from {{ ref('int_alfacrm__payments') }}
),

revenue as (
    select
        revenue_month,
        branch_id,
        pay_item_id,
        count(*) as entries,
        {{ alfacrm.count_if("payment_kind = 'income'") }} as payments,
        count(distinct case when payment_kind = 'income' then customer_id end) as payers,
        coalesce(sum(case when payment_kind = 'income' then income end), 0) as income,
        coalesce(sum(case when payment_kind = 'income' and is_correction then income end), 0) as corrections,
        coalesce(sum(case when payment_kind = 'income' and not is_confirmed then income end), 0)
            as unconfirmed_income,
        coalesce(sum(case when payment_kind = 'refund' then abs(income) end), 0) as refunds,
        coalesce(sum(case when payment_kind = 'expense' then abs(income) end), 0) as expenses,
        coalesce(sum(case when payment_kind = 'salary' then abs(income) end), 0) as salaries,
        coalesce(sum(case when payment_kind = 'other' then income end), 0) as other
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
