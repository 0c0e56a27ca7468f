insert into judged_sets (id, set_sequence)
values (1, $1)
on conflict (id) do update
set set_sequence = excluded.set_sequence
where judged_sets.set_sequence < excluded.set_sequence
