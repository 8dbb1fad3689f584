{{ alfacrm.teachers_of('stg_alfacrm__customers', 'customer_id') }}
