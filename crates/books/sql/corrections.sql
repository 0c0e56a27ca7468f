select id
from submissions
where related_to = $1
  and relation = 'corrects'
  and state = 'committed'
order by
  committed_at,
  id
