select distinct
    lesson_id,
    {{ alfacrm.whole_number(alfacrm.json_text(alfacrm.item())) }} as teacher_id
from {{ alfacrm.from_unfolded(ref('stg_alfacrm__lessons'), 'teacher_ids') }}
