-- `/` follows `.`, so the range holds exactly the agencies below.
select *
from submissions
where agency = $3
  or (agency > $3 || '.' and agency < $3 || '/')
order by
  received_at desc,
  id desc
limit $1 offset $2
