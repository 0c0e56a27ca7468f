update submissions
set
  ended_by = $2,
  ended_at = $3
where id = $1
  and state = 'committed'
  and ended_at is null
