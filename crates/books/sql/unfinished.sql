select *
from submissions
where state = 'durable'
order by
  received_at,
  id
