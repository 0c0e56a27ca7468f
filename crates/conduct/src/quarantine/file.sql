-- What refused rows of one submission were, and why they were refused; and whether some of them
-- could not be read as rows at all.
with released as (
  select
    row_number as released_row
  from system.quarantine
  where submission_id = $id and severity = 'released'
)
select
  row_number,
  arrow_cast(column_name, 'Utf8View') as column_name,
  arrow_cast(rule, 'Utf8View') as rule,
  arrow_cast(message_vi, 'Utf8View') as message_vi,
  arrow_cast(message_en, 'Utf8View') as message_en,
  arrow_cast(row_text, 'Utf8View') as row_text,
  max(
    case
      when starts_with(row_text, '{') then cast(0 as bigint)
      else cast(1 as bigint)
    end
  ) over () as has_fragments
from system.quarantine
left anti join released
  on released_row = row_number
where submission_id = $id
  and severity = 'error'
order by
  row_number,
  column_name,
  rule
