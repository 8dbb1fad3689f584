{%- set checks = [
    ('lead_lost_without_reason', 'stg_alfacrm__customers', 'customer_id',
        'not is_client and is_archived', 'lead_reject_id is null and customer_reject_id is null',
        'Archived leads for which nobody gave a reason.'),
    ('client_lost_without_reason', 'stg_alfacrm__customers', 'customer_id',
        'is_client and is_archived', 'customer_reject_id is null',
        'Archived clients for which nobody gave a reason.'),
    ('active_card_with_reason', 'stg_alfacrm__customers', 'customer_id',
        'not is_archived', 'lead_reject_id is not null or customer_reject_id is not null',
        'Cards out of the archive that still carry a reason of rejection.'),
    ('lead_unsorted', 'stg_alfacrm__customers', 'customer_id',
        'not is_client and not is_archived', 'lead_status_id is null',
        'Open leads without a stage.'),
    ('lead_without_source', 'stg_alfacrm__customers', 'customer_id',
        'not is_client', 'lead_source_id is null', 'Leads of which the source is not known.'),
    ('card_without_manager', 'stg_alfacrm__customers', 'customer_id',
        'not is_archived', 'assigned_id is null', 'Active cards that no manager is responsible for.'),
    ('card_without_creation', 'stg_alfacrm__customers', 'customer_id',
        '1 = 1', 'created_at is null and b_date is null', 'Cards that no cohort counts.'),
    ('card_of_two_branches', 'alfacrm__customers', 'customer_id',
        '1 = 1', 'branches > 1', 'Cards of more than one branch: sums by branch name one of them.'),
    ('client_never_paid', 'alfacrm__customers', 'customer_id',
        'is_client', 'payments = 0', 'Clients without any payment.'),
    ('stage_differs_from_log', 'alfacrm__lead_stage_history', 'customer_id',
        'is_last and is_logged', 'not agrees_with_card',
        'Cards whose stage is another than the last one in the log.'),
    ('lesson_without_attendance', 'alfacrm__attendance', 'lesson_id',
        '1 = 1', 'not has_attendance', 'Pupils of conducted lessons without an attendance entry.'),
    ('lesson_not_closed', 'int_alfacrm__lessons', 'lesson_id',
        "lesson_status = 'planned'", 'lesson_date < ' ~ alfacrm.today(),
        'Lessons of past days that are still planned.'),
    ('lesson_ends_before_it_starts', 'int_alfacrm__lessons', 'lesson_id',
        '1 = 1', 'minutes <= 0', 'Lessons whose end is not after their start.'),
    ('pay_without_customer', 'int_alfacrm__payments', 'pay_id',
        "payment_kind in ('income', 'refund')", 'customer_id is null', 'Income and refunds of nobody.'),
    ('pay_unconfirmed', 'int_alfacrm__payments', 'pay_id',
        "payment_kind = 'income'", 'not is_confirmed', 'Income that waits for its confirmation.'),
    ('pay_in_the_future', 'stg_alfacrm__pays', 'pay_id',
        '1 = 1', 'document_date > ' ~ alfacrm.today(), 'Payments dated after today.'),
    ('balance_differs', 'alfacrm__balances', 'customer_id',
        '1 = 1', 'balance <> expected_balance',
        'Accounts whose balance is another than income less refunds less charges.'),
] -%}
with checks as (
    {%- for name, model, id, of, failing, what in checks %}
    select
        '{{ name }}' as check_name,
        '{{ model }}' as model,
        '{{ what }}' as description,
        {{ alfacrm.count_if(of) }} as rows_checked,
        {{ alfacrm.count_if('(' ~ of ~ ') and (' ~ failing ~ ')') }} as rows_failing,
        min(case when ({{ of }}) and ({{ failing }}) then {{ id }} end) as example_id
    from {{ ref(model) }}

    union all
    {% endfor %}
    {%- if 'sync_audit' in alfacrm.streams() %}
    select
        'sync_incomplete' as check_name,
        'stg_alfacrm__sync_audit' as model,
        'Streams, by partition, that the last run of the tap did not read completely.' as description,
        count(*) as rows_checked,
        {{ alfacrm.count_if("audit.verdict <> 'COMPLETE'") }} as rows_failing,
        cast(null as {{ dbt.type_bigint() }}) as example_id
    from {{ ref('stg_alfacrm__sync_audit') }} as audit
    where
        audit.run_started_at = (
            select max(every_run.run_started_at) as last_run
            from {{ ref('stg_alfacrm__sync_audit') }} as every_run
        )

    union all
    {% endif %}
    select
        'key_doubled_or_missing' as check_name,
        'stg_alfacrm__customers' as model,
        'Cards that came twice, or without an id.' as description,
        count(*) as rows_checked,
        count(*) - count(distinct customer_id) as rows_failing,
        cast(null as {{ dbt.type_bigint() }}) as example_id
    from {{ ref('stg_alfacrm__customers') }}
)

select
    check_name,
    model,
    description,
    rows_checked,
    rows_failing,
    {{ alfacrm.share('rows_failing', 'rows_checked') }} as failing_share,
    example_id
from checks
