-- a refund counts against what was paid, whichever sign the account gives it
select
    customer_id,
    min(case when payment_kind = 'income' and income > 0 then document_date end) as first_payment_on,
    max(case when payment_kind = 'income' and income > 0 then document_date end) as last_payment_on,
    {{ alfacrm.count_if("payment_kind = 'income'") }} as payments,
    coalesce(sum(case when payment_kind = 'income' then income end), 0) as income,
    coalesce(sum(case when payment_kind = 'refund' then abs(income) end), 0) as refunds
from {{ ref('int_alfacrm__payments') }}
where customer_id is not null
group by customer_id
