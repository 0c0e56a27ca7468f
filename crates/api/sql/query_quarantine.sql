select
    received_at,
    agency,
    period,
    row_number,
    column_name,
    rule,
    value_excerpt,
    {message},
    submission_id
from system.quarantine
where dataset = '{dataset}' and severity = 'error'
order by received_at desc, submission_id, row_number
limit 100
