select *
from renditions
where report = $1
order by
  created_at desc,
  id desc
limit $2 offset $3
