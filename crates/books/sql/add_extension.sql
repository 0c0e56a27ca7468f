insert into extensions (
  dataset,
  period,
  agency,
  number,
  due_before,
  due_until,
  reason,
  principal,
  extended_at
) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict do nothing
returning number
