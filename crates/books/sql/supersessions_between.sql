select *
from supersessions
where set_sequence > $1
  and set_sequence < $2
  and lifted_at is null
order by
  set_sequence,
  rendition
