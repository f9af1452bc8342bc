-- What does not work: told by hubs (source 'hub') or found by the ward itself ('ward').
create table trouble (
    home text not null,
    id text not null,
    source text not null,
    what text not null,
    about text not null,
    detail text not null,
    opened_at text not null,
    closed_at text,
    primary key (home, id)
) strict, without rowid;
create index trouble_open on trouble (home) where closed_at is null;

alter table home add column births text;
