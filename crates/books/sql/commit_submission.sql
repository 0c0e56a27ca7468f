update submissions
set
  state = 'committed',
  rows_received = $2,
  rows_landed = $3,
  rows_quarantined = $4,
  rows_warned = $5,
  table_version = $6,
  committed_at = $7,
  contract_version = $8,
  superseded_rows = $9,
  control_totals = $10,
  sealed = $11
where id = $1
  and state = 'durable'
returning id
