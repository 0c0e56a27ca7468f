update submissions
set
  state = 'committed',
  rows_received = ?2,
  rows_landed = ?3,
  rows_quarantined = ?4,
  rows_warned = ?5,
  table_version = ?6,
  committed_at = ?7
where id = ?1
  and state = 'durable'
