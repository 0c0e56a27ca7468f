select *
from submissions
order by
  received_at desc,
  id desc
limit $1 offset $2
