-- Instants are whole microseconds since 1970-01-01T00:00:00Z.

create table submissions (
  id text not null primary key,
  agency text not null,
  dataset text not null,
  period text not null,
  contract_version text not null,
  format text not null,
  idempotency_key text,
  principal text not null,
  evidence_sha256 text not null,
  evidence_size_bytes integer not null,
  received_at integer not null,
  state text not null check (state in ('durable', 'committed', 'refused')),
  rows_received integer not null default 0,
  rows_landed integer not null default 0,
  rows_quarantined integer not null default 0,
  rows_warned integer not null default 0,
  table_version integer,
  committed_at integer,
  refusal text,
  check ((state = 'committed') = (table_version is not null)),
  check ((state = 'committed') = (committed_at is not null)),
  check ((state = 'refused') = (refusal is not null))
) strict, without rowid;

create unique index submissions_by_key on submissions (agency, dataset, idempotency_key)
where idempotency_key is not null;

create index submissions_by_time on submissions (received_at, id);

create index submissions_by_agency on submissions (agency, received_at, id);

create index submissions_unfinished on submissions (received_at, id)
where state = 'durable';

-- Of secrets only the SHA-256 is here.

create table tokens (
  hash text not null primary key,
  name text not null,
  role text not null,
  agency text,
  created_at integer not null,
  expires_at integer,
  revoked_at integer
) strict, without rowid;

create table sessions (
  hash text not null primary key,
  name text not null,
  role text not null,
  agency text,
  created_at integer not null,
  seen_at integer not null
) strict, without rowid;

create index sessions_by_name on sessions (name);

create table sign_in_codes (
  hash text not null primary key,
  name text not null,
  role text not null,
  agency text,
  expires_at integer not null
) strict, without rowid;

create table renditions (
  id text not null primary key,
  report text not null,
  format text not null,
  object_path text not null,
  manifest text not null,
  created_at integer not null
) strict, without rowid;
