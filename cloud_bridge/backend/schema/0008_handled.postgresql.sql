-- What people did about what was open; append only. A matter is the open alerts of one episode.
create table handled (
    home text not null,
    matter text not null,
    act text not null,
    person text not null,
    organisation text not null,
    role text not null,
    at timestamptz not null,
    upto timestamptz not null,
    note text not null,
    until timestamptz,
    of_no_use boolean not null default false,
    primary key (home, matter, person, organisation, at)
);
