select distinct
    task_id,
    {{ alfacrm.whole_number(alfacrm.json_text(alfacrm.item())) }} as customer_id
from {{ alfacrm.from_unfolded(ref('stg_alfacrm__tasks'), 'customer_ids') }}
