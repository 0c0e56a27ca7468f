-- Rows that were refused and not released, by submission. What is not asked about is empty.
with marked as (
  select
    submission_id,
    row_number as row_number
  from system.quarantine
  where severity = 'released'
)
select
  arrow_cast(held.submission_id, 'Utf8View') as submission_id,
  held.row_number as row_number
from system.quarantine as held
left anti join marked
  on marked.submission_id = held.submission_id
  and marked.row_number = held.row_number
where held.severity = 'error'
  and held.dataset = $dataset
  and ($agency = '' or held.agency = $agency)
  and ($period = '' or held.period = $period)
  and ($submission = '' or held.submission_id = $submission)
group by
  held.submission_id,
  held.row_number
order by
  held.submission_id,
  held.row_number
