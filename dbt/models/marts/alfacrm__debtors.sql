select
    customer_id,
    customer,
    customer_status,
    branch_id,
    branch,
    manager_id,
    manager,
    case when balance < 0 then -balance else 0 end as debt,
    case when paid_lessons_left < 0 then -paid_lessons_left else 0 end as unpaid_lessons,
    paid_till,
    {{ alfacrm.days_between('paid_till', alfacrm.today()) }} as days_since_paid_till,
    last_payment_on,
    {{ alfacrm.days_between('last_payment_on', alfacrm.today()) }} as days_since_payment,
    last_lesson_on,
    {{ alfacrm.days_between('last_lesson_on', alfacrm.today()) }} as days_since_lesson
from {{ ref('alfacrm__balances') }}
where is_debtor
