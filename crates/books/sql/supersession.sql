select *
from supersessions
where rendition = $1
  and lifted_at is null
order by set_sequence
limit 1
