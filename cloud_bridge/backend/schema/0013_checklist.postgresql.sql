-- What an organisation goes through before it hands a home over, a line each; empty is the ward's own list.
alter table organisation add column checklist text not null default '';
