-- Received before $1, or if restricted before $2; none stays for ever.
select *
from submissions
where erasure is null
  and state <> 'durable'
  and received_at < case when restricted is null then $1 else $2 end
  and (received_at > $3 or (received_at = $3 and id > $4))
order by
  received_at,
  id
limit $5
