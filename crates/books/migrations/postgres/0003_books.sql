-- The tables as they are after the third migration of SQLite: one number is one schema on both.
-- Instants are whole microseconds since 1970-01-01T00:00:00Z.
-- Text is compared by its bytes, as SQLite does, whatever the language of the database.

create table submissions (
  id text collate "C" not null primary key,
  agency text collate "C" not null,
  dataset text collate "C" not null,
  period text collate "C" not null,
  contract_version text collate "C" not null,
  format text collate "C" not null,
  idempotency_key text collate "C",
  principal text collate "C" not null,
  evidence_sha256 text collate "C" not null,
  evidence_size_bytes bigint not null,
  received_at bigint not null,
  state text collate "C" not null check (state in ('durable', 'committed', 'refused')),
  rows_received bigint not null default 0,
  rows_landed bigint not null default 0,
  rows_quarantined bigint not null default 0,
  rows_warned bigint not null default 0,
  table_version bigint,
  committed_at bigint,
  refusal text collate "C",
  -- A submission may replace or correct an earlier one, and may be replaced or withdrawn in turn.
  relation text collate "C" check (relation in ('replaces', 'corrects')),
  related_to text collate "C",
  superseded_rows bigint,
  ended_by text collate "C",
  ended_at bigint,
  -- A JSON array of the totals that the sender declared.
  control_totals text collate "C" not null default '[]',
  -- The signed receipt as a JSON document.
  sealed text collate "C",
  check ((state = 'committed') = (table_version is not null)),
  check ((state = 'committed') = (committed_at is not null)),
  check ((state = 'refused') = (refusal is not null))
);

create unique index submissions_by_key on submissions (agency, dataset, idempotency_key)
where idempotency_key is not null;

create index submissions_by_time on submissions (received_at, id);

create index submissions_by_agency on submissions (agency, received_at, id);

create index submissions_unfinished on submissions (received_at, id)
where state = 'durable';

create index submissions_by_relation on submissions (related_to, committed_at)
where related_to is not null;

-- Of secrets only the SHA-256 is here.

create table tokens (
  hash text collate "C" not null primary key,
  name text collate "C" not null,
  role text collate "C" not null,
  agency text collate "C",
  created_at bigint not null,
  expires_at bigint,
  revoked_at bigint
);

create table sessions (
  hash text collate "C" not null primary key,
  name text collate "C" not null,
  role text collate "C" not null,
  agency text collate "C",
  created_at bigint not null,
  seen_at bigint not null
);

create index sessions_by_name on sessions (name);

create table sign_in_codes (
  hash text collate "C" not null primary key,
  name text collate "C" not null,
  role text collate "C" not null,
  agency text collate "C",
  expires_at bigint not null
);

create table renditions (
  id text collate "C" not null primary key,
  report text collate "C" not null,
  manifest text collate "C" not null,
  created_at bigint not null
);
