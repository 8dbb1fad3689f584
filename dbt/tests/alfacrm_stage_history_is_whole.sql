-- each logged change of a stage is one period
with totals as (
    select
        (
            select count(*) as total
            from {{ ref('alfacrm__lead_stage_history') }}
            where is_logged
        ) as ours,
        (
            select count(*) as total
            from {{ ref('stg_alfacrm__logs') }}
            where
                entity = 'Customer'
                and {{ alfacrm.whole_number(
                    alfacrm.json_text('fields_new', 'lead_status_id')
                ) }} is not null
        ) as theirs
)

select * from totals
where ours <> theirs
