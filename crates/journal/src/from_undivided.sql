-- What the ledger keeps of vehicles now; it has taken it over before.
alter table vehicle drop column account;
alter table vehicle drop column mapping;
alter table vehicle drop column mapped_at;
alter table vehicle drop column details;
delete from meta where key like 'mapped:%';
