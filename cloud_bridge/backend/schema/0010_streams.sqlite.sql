-- What is still to be told in FHIR: written with the fact, in its transaction, and deleted once it is indexed.
-- Lane 0 goes first. A fact may stand here twice.
create table outbox (
    id integer primary key,
    lane integer not null,
    home text not null,
    source text not null,
    name text not null,
    seq integer not null
) strict;
create index outbox_next on outbox (lane, id);

-- What has been told, each resource at its newest: where it comes from, and when in the one order of all.
-- giver and receiver are set where it tells of a hand-over: both may read that, whoever may see the home.
create table resource (
    home text not null,
    type text not null,
    id text not null,
    turn integer not null,
    told_at text not null,
    source text not null,
    name text not null,
    seq integer not null,
    word text not null,
    at text not null,
    digest text not null,
    giver text,
    receiver text,
    primary key (home, type, id)
) strict, without rowid;
create index resource_by_turn on resource (home, turn);
create index resource_by_id on resource (type, id);
create index resource_by_type on resource (type, turn);
create index resource_by_giver on resource (giver, turn) where giver is not null;
create index resource_by_receiver on resource (receiver, turn) where receiver is not null;

-- The one order: whoever indexes holds this row until it is done.
create table resource_order (
    turn integer not null,
    told_at text
) strict;
insert into resource_order (turn, told_at) values (0, null);

-- Up to which turn an organisation was told of a home; lane "transfers" is what it may read without seeing the home.
create table stream (
    organisation text not null,
    home text not null,
    lane text not null,
    turn integer not null,
    primary key (organisation, home, lane)
) strict, without rowid;

-- What was there before is told, too.
insert into outbox (lane, home, source, name, seq)
select case when kind like 'alert%' then 0 else 1 end, home, 'entry', log, seq from entry
where kind in ('reading', 'alert', 'alert_confirmed', 'answer', 'plan_applied', 'hub_started')
order by home, log, seq;
insert into outbox (lane, home, source, name, seq)
select 0, home, 'fact', '', number from handover_fact order by home, number;
insert into outbox (lane, home, source, name, seq)
select distinct 0, home, 'matter', matter, 0 from handled;
