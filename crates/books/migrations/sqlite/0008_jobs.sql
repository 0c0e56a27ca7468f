-- What is done by one process at a time, and how far what has a schedule is done.
create table jobs (
  name text not null primary key,
  -- Grows with every lease; whoever has an older one changes nothing.
  fence integer not null default 0,
  held_by text,
  held_since integer,
  held_until integer,
  -- Whether whoever had it before did not say that it had ended.
  taken_over integer not null default 0,
  known_at integer not null,
  -- The last slot that is done, in the words of the schedule.
  slot text,
  ended_at integer,
  -- Times that it failed since it last went well, and why the last one did.
  failures integer not null default 0,
  error text
) strict, without rowid;
