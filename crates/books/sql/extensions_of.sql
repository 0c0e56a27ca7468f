select *
from extensions
where dataset = $1
  and period = $2
  and agency = $3
order by number
