select
    row,
    severity,
    checked_at
from system.failing_rows
where run_id = '{run}'
    and dataset = '{dataset}'
    and rule = '{rule}'
    and column_name is not distinct from {column}
