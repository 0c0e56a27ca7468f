with agencies as (
    select
        column1 as code,
        column2 as successor_code,
        cast(column3 as date) as valid_from,
        cast(column4 as date) as valid_to
    from (
        values
            ('G14', 'G06', '2020-09-15', '2025-02-28'),
            ('G06', null, '2020-09-15', null)
    ) as listed
)
select
    day,
    agency_at('G14', day, (
        select array_agg(named_struct(
            'code', code, 'successor_code', successor_code,
            'valid_from', valid_from, 'valid_to', valid_to
        ))
        from agencies
    ))
from (values (date '2025-02-28'), (date '2025-03-01')) as asked(day);
-- 2025-02-28 | G14
-- 2025-03-01 | G06
