-- How the hub's clock stood when it kept an entry; null where it did not say.
alter table entry add column boot integer;
alter table entry add column uptime_s real;
alter table entry add column trust text;
create index clock_found on entry (home, log, boot) where kind = 'clock_found';
