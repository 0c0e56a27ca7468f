-- What is to be done about a connector's error, in the word of its kind.
alter table connectors add column error_kind text collate "C";
