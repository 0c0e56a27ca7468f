-- Rows that were refused and not released, by submission.
with marked as (
  select
    submission_id,
    row_number as row_number
  from system.quarantine
  where severity = 'released'
)
select
  arrow_cast(held.submission_id, 'Utf8View') as of_submission,
  held.row_number as of_row
from system.quarantine as held
left anti join marked
  on marked.submission_id = held.submission_id
  and marked.row_number = held.row_number
where held.severity = 'error'
  {filters}
group by
  held.submission_id,
  held.row_number
order by
  held.submission_id,
  held.row_number
