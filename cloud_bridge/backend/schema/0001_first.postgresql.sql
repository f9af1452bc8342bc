create table person (
    home text primary key,
    name text not null,
    birth_year integer not null
);

create table home (
    home text primary key,
    is_online boolean not null default false,
    state_at timestamptz
);

-- One log file of one home. The log with the highest turn is the one the home writes now.
create table log (
    home text not null,
    log text not null,
    turn integer not null,
    up_to bigint not null default 0,
    primary key (home, log)
);

-- The body is text and not jsonb, since it is never edited: not even its spaces.
create table entry (
    home text not null,
    log text not null,
    seq bigint not null check (seq > 0),
    at timestamptz not null,
    kind text not null,
    body text not null,
    committed_at timestamptz not null,
    primary key (home, log, seq)
);

create index plan_applied on entry (home, seq) where kind = 'plan_applied';

create table reading (
    home text not null,
    id text not null,
    log text not null,
    seq bigint not null,
    kind text not null,
    measured_at timestamptz not null,
    primary key (home, id)
);
create index reading_by_time on reading (home, measured_at);
create index reading_by_kind on reading (home, kind, measured_at);

create table alert (
    home text not null,
    id text not null,
    change text not null,
    log text not null,
    seq bigint not null,
    level text not null,
    at timestamptz not null,
    primary key (home, id, change)
);
create index alert_by_time on alert (home, at);

-- log is '' and seq is 0 where a whole message could not be read.
create table quarantine (
    id bigint generated always as identity primary key,
    home text not null,
    log text not null,
    seq bigint not null,
    digest text not null,
    reason text not null,
    data bytea not null,
    at timestamptz not null,
    unique (home, log, seq, digest)
);
