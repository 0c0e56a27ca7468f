-- How far each connector has read, and who runs it now.
create table connectors (
  name text collate "C" not null primary key,
  -- Grows with every lease; whoever has an older one changes nothing.
  fence bigint not null default 0,
  held_by text collate "C",
  held_until bigint,
  mark text collate "C",
  -- What it has in hand: the key of a piece that is not put away yet.
  in_hand text collate "C",
  known_at bigint not null,
  started_at bigint,
  ended_at bigint,
  -- Pieces of the last run.
  landed bigint not null default 0,
  refused bigint not null default 0,
  -- Runs that failed since the last one that did not, and why the last one did.
  failures bigint not null default 0,
  error text collate "C"
);

create index submissions_standing on submissions (agency, dataset, period, principal, received_at)
where state = 'committed' and ended_at is null;
