update submissions
set
  erasure = $3,
  erased_at = $4,
  erased_by = $5,
  erased_reason = $6
where id = $1
  and evidence_sha256 = $2
  and erasure is null
