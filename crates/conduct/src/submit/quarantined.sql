-- How many rows that were received for a dataset lie in quarantine; a row may have several reasons.
with held as (
  select distinct
    submission_id,
    row_number
  from system.quarantine
  where dataset = $dataset and severity = 'error'
)
select count(*) as row_count
from held
