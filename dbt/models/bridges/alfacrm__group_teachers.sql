{{ alfacrm.teachers_of('stg_alfacrm__groups', 'group_id') }}
