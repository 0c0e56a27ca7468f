select *
from submissions
where agency = $1
  and dataset = $2
  and idempotency_key = $3
