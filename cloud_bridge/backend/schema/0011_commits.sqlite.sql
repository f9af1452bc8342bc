-- How often something of this home was taken in: whoever shows homes sees by it what another process has kept.
alter table home add column commits integer not null default 0;
