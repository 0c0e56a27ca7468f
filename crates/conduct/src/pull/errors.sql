-- The row errors of one submission in both languages, a page of them.
with found as (
  select
    row_number() over (order by row_number, column_name, rule) as position,
    row_number as row_number,
    column_name,
    rule,
    severity,
    value_excerpt,
    message_vi,
    message_en
  from system.quarantine
  where submission_id = $id
)
select
  row_number,
  arrow_cast(column_name, 'Utf8View') as column_name,
  arrow_cast(rule, 'Utf8View') as rule,
  arrow_cast(severity, 'Utf8View') as severity,
  arrow_cast(value_excerpt, 'Utf8View') as value_excerpt,
  arrow_cast(message_vi, 'Utf8View') as message_vi,
  arrow_cast(message_en, 'Utf8View') as message_en
from found
where position > $first and position <= $last
order by position
