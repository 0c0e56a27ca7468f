update submissions
set
  state = 'committed',
  rows_received = said.value ->> 1,
  rows_landed = said.value ->> 2,
  rows_quarantined = said.value ->> 3,
  rows_warned = said.value ->> 4,
  table_version = said.value ->> 5,
  committed_at = said.value ->> 6,
  contract_version = said.value ->> 7,
  superseded_rows = said.value ->> 8,
  control_totals = said.value ->> 9,
  sealed = said.value ->> 10
from json_each($1) as said
where submissions.id = said.value ->> 0
  and submissions.state = 'durable'
