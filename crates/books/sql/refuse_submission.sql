update submissions
set
  state = 'refused',
  rows_received = $2,
  rows_landed = $3,
  rows_quarantined = $4,
  rows_warned = $5,
  refusal = $6
where id = $1
  and state = 'durable'
returning id
