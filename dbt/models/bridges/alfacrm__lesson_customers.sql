with entries as (
    select
        lesson_id,
        {{ alfacrm.item() }} as entry
    from {{ alfacrm.from_unfolded(ref('stg_alfacrm__lessons'), 'details') }}
),

attendance as (
    select
        lesson_id,
        {{ alfacrm.whole_number(alfacrm.json_text('entry', 'customer_id')) }} as customer_id,
        {{ alfacrm.whole_number(alfacrm.json_text('entry', 'id')) }} as attendance_id,
        ({{ alfacrm.json_text('entry', 'is_attend') }} in ('1', 'true')) as is_attended,
        {{ alfacrm.whole_number(alfacrm.json_text('entry', 'reason_id')) }} as absence_reason_id,
        {{ alfacrm.decimal_number(alfacrm.json_text('entry', 'commission')) }} as charge,
        {{ alfacrm.whole_number(alfacrm.json_text('entry', 'ctt_id')) }} as customer_tariff_id,
        nullif({{ alfacrm.json_text('entry', 'grade') }}, '') as grade,
        {{ alfacrm.whole_number(alfacrm.json_text('entry', 'homework_grade_id')) }} as homework_grade_id,
        {{ alfacrm.decimal_number(alfacrm.json_text('entry', 'bonus')) }} as bonus,
        nullif({{ alfacrm.json_text('entry', 'note') }}, '') as note
    from entries
),

expected as (
    select distinct
        lesson_id,
        {{ alfacrm.whole_number(alfacrm.json_text(alfacrm.item())) }} as customer_id
    from {{ alfacrm.from_unfolded(ref('stg_alfacrm__lessons'), 'customer_ids') }}
),

pupils as (
    select
        coalesce(attendance.lesson_id, expected.lesson_id) as lesson_id,
        coalesce(attendance.customer_id, expected.customer_id) as customer_id,
        attendance.attendance_id,
        attendance.is_attended,
        attendance.absence_reason_id,
        attendance.charge,
        case when attendance.customer_tariff_id > 0 then attendance.customer_tariff_id end
            as customer_tariff_id,
        attendance.grade,
        {{ alfacrm.decimal_number('attendance.grade') }} as grade_value,
        attendance.homework_grade_id,
        attendance.bonus,
        attendance.note,
        attendance.lesson_id is not null as has_attendance
    from attendance
    full outer join expected
        on attendance.lesson_id = expected.lesson_id
        and attendance.customer_id = expected.customer_id
),

numbered as (
    select
        pupils.*,
        row_number() over (
            partition by lesson_id, customer_id order by attendance_id
        ) as entry_number
    from pupils
)

select
    {{ alfacrm.key(['lesson_id', 'customer_id', 'entry_number']) }} as lesson_customer_key,
    numbered.*
from numbered
