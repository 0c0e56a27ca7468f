-- How far each connector has read, and who runs it now.
create table connectors (
  name text not null primary key,
  -- Grows with every lease; whoever has an older one changes nothing.
  fence integer not null default 0,
  held_by text,
  held_until integer,
  mark text,
  -- What it has in hand: the key of a piece that is not put away yet.
  in_hand text,
  known_at integer not null,
  started_at integer,
  ended_at integer,
  -- Pieces of the last run.
  landed integer not null default 0,
  refused integer not null default 0,
  -- Runs that failed since the last one that did not, and why the last one did.
  failures integer not null default 0,
  error text
) strict, without rowid;

create index submissions_standing on submissions (agency, dataset, period, principal, received_at)
where state = 'committed' and ended_at is null;
