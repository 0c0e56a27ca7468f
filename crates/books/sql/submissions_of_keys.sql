select
  asked.key as turn,
  submissions.*
from json_each($1) as asked
cross join submissions
where submissions.agency = asked.value ->> 0
  and submissions.dataset = asked.value ->> 1
  and submissions.idempotency_key = asked.value ->> 2
