insert into submissions (
  id,
  agency,
  dataset,
  period,
  contract_version,
  format,
  idempotency_key,
  principal,
  evidence_sha256,
  evidence_size_bytes,
  received_at,
  relation,
  related_to,
  control_totals,
  due_on,
  restricted,
  state
) values (
  $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'durable'
)
on conflict do nothing
returning id
