-- Who there is to share the follow-up.
create table organisation (
    organisation text primary key,
    name text not null,
    kind text not null
);

-- The record of who was accountable when: facts, numbered without a gap, never edited.
create table handover_fact (
    home text not null,
    number integer not null check (number > 0),
    body text not null,
    at timestamptz not null,
    primary key (home, number)
);

-- What was refused, so that a repeat hears the same.
create table handover_refused (
    home text not null,
    command text not null,
    by_whom text not null,
    why text not null,
    detail text not null,
    at timestamptz not null,
    primary key (home, command, by_whom)
);

-- What follows from the record, for whoever asks who may see what: two indexes of it.
create table responsibility (
    home text primary key,
    accountable text not null,
    since timestamptz not null,
    term integer not null,
    number integer not null,
    offered_to text,
    offer_until timestamptz
);
create index responsibility_of on responsibility (accountable);
create table entitlement (
    home text not null,
    organisation text not null,
    since timestamptz not null,
    until timestamptz,
    primary key (home, organisation)
);
create index entitlement_of on entitlement (organisation);

-- The newest fact that a home's hub has said it knows; null where it has never spoken of any.
alter table home add column fact integer;
