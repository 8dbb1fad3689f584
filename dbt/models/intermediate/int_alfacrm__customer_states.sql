-- what the snapshot compares, without names and phones
select
    customer_id,
    is_client,
    is_archived,
    pipeline_id,
    lead_status_id,
    lead_reject_id,
    customer_reject_id,
    lead_source_id,
    study_status_id,
    assigned_id,
    balance,
    paid_count
from {{ ref('stg_alfacrm__customers') }}
