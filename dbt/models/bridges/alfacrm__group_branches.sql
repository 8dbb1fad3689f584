select distinct
    group_id,
    {{ alfacrm.whole_number(alfacrm.json_text(alfacrm.item())) }} as branch_id
from {{ alfacrm.from_unfolded(ref('stg_alfacrm__groups'), 'branch_ids') }}
