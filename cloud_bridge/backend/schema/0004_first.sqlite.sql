-- The number with which a log begins: the name of a home's log may change while its numbers go on.
alter table log add column first integer not null default 1;
