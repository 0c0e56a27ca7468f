-- The row errors of one submission, a page of them, with how many there are in all.
with found as (
  select
    count(*) over () as total,
    row_number() over (order by row_number, column_name, rule) as position,
    row_number as row_number,
    column_name,
    rule,
    severity,
    value_excerpt,
    message_en
  from system.quarantine
  where submission_id = $id and severity <> 'released'
)
select
  total,
  row_number,
  arrow_cast(column_name, 'Utf8View') as column_name,
  arrow_cast(rule, 'Utf8View') as rule,
  arrow_cast(severity, 'Utf8View') as severity,
  arrow_cast(value_excerpt, 'Utf8View') as value_excerpt,
  arrow_cast(message_en, 'Utf8View') as message_en
from found
where position > $first and position <= $last
order by position
