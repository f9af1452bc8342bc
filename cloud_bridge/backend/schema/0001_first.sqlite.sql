-- Times are ISO 8601 in UTC with microseconds, so that they sort as text.
create table person (
    home text primary key,
    name text not null,
    birth_year integer not null
) strict;

create table home (
    home text primary key,
    is_online integer not null default 0,
    state_at text
) strict;

-- One log file of one home. The log with the highest turn is the one the home writes now.
create table log (
    home text not null,
    log text not null,
    turn integer not null,
    up_to integer not null default 0,
    primary key (home, log)
) strict, without rowid;

create table entry (
    home text not null,
    log text not null,
    seq integer not null check (seq > 0),
    at text not null,
    kind text not null,
    body text not null,
    committed_at text not null,
    primary key (home, log, seq)
) strict;

create index plan_applied on entry (home, seq) where kind = 'plan_applied';

create table reading (
    home text not null,
    id text not null,
    log text not null,
    seq integer not null,
    kind text not null,
    measured_at text not null,
    primary key (home, id)
) strict, without rowid;
create index reading_by_time on reading (home, measured_at);
create index reading_by_kind on reading (home, kind, measured_at);

create table alert (
    home text not null,
    id text not null,
    change text not null,
    log text not null,
    seq integer not null,
    level text not null,
    at text not null,
    primary key (home, id, change)
) strict, without rowid;
create index alert_by_time on alert (home, at);

-- log is '' and seq is 0 where a whole message could not be read.
create table quarantine (
    id integer primary key,
    home text not null,
    log text not null,
    seq integer not null,
    digest text not null,
    reason text not null,
    data blob not null,
    at text not null,
    unique (home, log, seq, digest)
) strict;
