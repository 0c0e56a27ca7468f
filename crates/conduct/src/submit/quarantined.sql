-- How many rows that were received for a dataset lie in quarantine; a row may have several reasons.
with refused as (
  select distinct
    submission_id,
    row_number
  from system.quarantine
  where dataset = $dataset and severity = 'error'
),
released as (
  select distinct
    submission_id,
    row_number
  from system.quarantine
  where dataset = $dataset and severity = 'released'
)
select count(*) as row_count
from refused
left anti join released
  on released.submission_id = refused.submission_id
  and released.row_number = refused.row_number
