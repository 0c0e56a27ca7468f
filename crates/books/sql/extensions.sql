select *
from extensions
where dataset = $1
  and period = $2
order by
  agency,
  number
