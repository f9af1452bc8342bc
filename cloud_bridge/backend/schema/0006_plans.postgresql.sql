-- Plans that were written here for a home; which one is in force is the hub's own word.
create table plan (
    home text not null,
    version integer not null,
    body text not null,
    by_whom text not null,
    is_waiting boolean not null default true,
    at timestamptz not null,
    primary key (home, version)
);
