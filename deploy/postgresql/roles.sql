-- The four roles and the database. Once, by whoever may create roles and databases on the server (no superuser):
--     psql --dbname postgres --file deploy/postgresql/roles.sql
-- Then a password for each that signs in: \password owner, \password app, \password across.

-- Owns every table and runs the migrations. Nothing that serves people signs in as this one.
create role owner login nosuperuser nocreatedb nocreaterole nobypassrls;
-- Web and workers. Row-level security shows it one district at a time.
create role app login nosuperuser nocreatedb nocreaterole nobypassrls;
-- The timetable, the sweeper and the operator's commands, which see all districts.
create role across login nosuperuser nocreatedb nocreaterole nobypassrls;
-- Owns the search functions, and never signs in.
create role searcher nologin nosuperuser nocreatedb nocreaterole nobypassrls;

grant searcher to owner;
-- A database for somebody else is made only by a member of that role.
grant owner to current_user;

create database frontoffice owner owner encoding 'UTF8' template template0;
