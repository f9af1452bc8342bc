-- Who is logged in. The id is a hash of what the browser holds: whoever reads this table can use none.
create table session (
    id text primary key,
    person text not null,
    organisation text not null,
    role text not null,
    seen_at text not null,
    until text not null
) strict;

-- Logins that have begun, and what the provider's answer must fit; each is taken once.
create table login_begun (
    id text primary key,
    state text not null,
    nonce text not null,
    verifier text not null,
    back text not null,
    until text not null
) strict;

-- Who looked at a patient, or acted; append only.
create table look (
    home text not null,
    organisation text not null,
    role text not null,
    person text not null,
    what text not null,
    at text not null,
    primary key (home, at, organisation, person, role, what)
) strict, without rowid;
