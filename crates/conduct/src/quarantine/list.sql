-- A page of the rules that refused rows broke, newest submission first, with how many there are in
-- all.
with released as (
  select
    submission_id as released_id,
    row_number as released_row
  from system.quarantine
  where severity = 'released'
),
found as (
  select
    count(*) over () as total,
    row_number() over (
      order by
        received_at desc,
        submission_id desc,
        row_number,
        column_name,
        rule
    ) as position,
    submission_id,
    dataset,
    agency,
    period,
    row_number as row_number,
    column_name,
    rule,
    value_excerpt,
    message_vi,
    message_en,
    received_at
  from system.quarantine
  left anti join released
    on released_id = submission_id
    and released_row = row_number
  where severity = 'error'
    {filters}
)
select
  total,
  row_number,
  received_at,
  arrow_cast(submission_id, 'Utf8View') as submission_id,
  arrow_cast(dataset, 'Utf8View') as dataset,
  arrow_cast(agency, 'Utf8View') as agency,
  arrow_cast(period, 'Utf8View') as period,
  arrow_cast(column_name, 'Utf8View') as column_name,
  arrow_cast(rule, 'Utf8View') as rule,
  arrow_cast(value_excerpt, 'Utf8View') as value_excerpt,
  arrow_cast(message_vi, 'Utf8View') as message_vi,
  arrow_cast(message_en, 'Utf8View') as message_en
from found
where position > $first and position <= $last
order by position
