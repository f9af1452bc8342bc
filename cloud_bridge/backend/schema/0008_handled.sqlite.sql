-- What people did about what was open; append only. A matter is the open alerts of one episode.
create table handled (
    home text not null,
    matter text not null,
    act text not null,
    person text not null,
    organisation text not null,
    role text not null,
    at text not null,
    upto text not null,
    note text not null,
    until text,
    of_no_use integer not null default 0,
    primary key (home, matter, person, organisation, at)
) strict, without rowid;
