-- a refund counts against what was paid, whichever sign the account gives it
select
    customer_id,
    min(case when pay_type_id = 1 and income > 0 then document_date end) as first_payment_on,
    max(case when pay_type_id = 1 and income > 0 then document_date end) as last_payment_on,
    {{ alfacrm.count_if('pay_type_id = 1') }} as payments,
    coalesce(sum(case when pay_type_id = 1 then income end), 0) as income,
    coalesce(sum(case when pay_type_id = 5 then abs(income) end), 0) as refunds
from {{ ref('stg_alfacrm__pays') }}
where customer_id is not null
group by customer_id
