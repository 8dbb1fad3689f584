{%- set kinds = {
    'income': var('alfacrm_income_types', [1, 2, 9]),
    'correction': var('alfacrm_correction_types', [6]),
    'refund': var('alfacrm_refund_types', [3, 5]),
    'expense': var('alfacrm_expense_types', [7]),
    'salary': var('alfacrm_salary_types', [8]),
} -%}
select
    pay_id,
    branch_id,
    customer_id,
    pay_item_id,
    document_date,
    income,
    is_confirmed,
    case
        {%- for kind, types in kinds.items() if types %}
        when pay_type_id in ({{ types | join(', ') }})
            then '{% if kind == 'correction' %}income{% else %}{{ kind }}{% endif %}'
        {%- endfor %}
        else 'other'
    end as payment_kind,
    income < 0
    {%- if kinds['correction'] %} or pay_type_id in ({{ kinds['correction'] | join(', ') }}){% endif %}
        as is_correction
from {{ ref('stg_alfacrm__pays') }}
