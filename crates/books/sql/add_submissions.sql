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
)
select
  value ->> 0,
  value ->> 1,
  value ->> 2,
  value ->> 3,
  value ->> 4,
  value ->> 5,
  value ->> 6,
  value ->> 7,
  value ->> 8,
  value ->> 9,
  value ->> 10,
  value ->> 11,
  value ->> 12,
  value ->> 13,
  value ->> 14,
  value ->> 15,
  'durable'
from json_each($1)
where true
on conflict do nothing
