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
  state
) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'durable')
