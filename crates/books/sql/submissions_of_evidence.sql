select *
from submissions
where evidence_sha256 = $1
order by
  received_at,
  id
