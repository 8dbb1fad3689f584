select distinct
    task_id,
    {{ alfacrm.whole_number(alfacrm.json_text(alfacrm.item())) }} as user_id
from {{ alfacrm.from_unfolded(ref('stg_alfacrm__tasks'), 'assigned_ids') }}
