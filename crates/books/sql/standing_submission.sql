select *
from submissions
where agency = $1
  and dataset = $2
  and period = $3
  and principal = $4
  and state = 'committed'
  and ended_at is null
  and (relation is null or relation = 'replaces')
order by
  received_at desc,
  id desc
limit 1
