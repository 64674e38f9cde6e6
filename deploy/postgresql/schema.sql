-- Within the new database, by the same administrator:
--     psql --dbname frontoffice --file deploy/postgresql/schema.sql
-- The tables and what each role may do to them come with the migrations (`flask --app wsgi migrate`).

alter schema public owner to owner;
revoke create on schema public from public;
grant usage on schema public to app, across, searcher;

revoke connect, temporary on database frontoffice from public;
grant connect on database frontoffice to owner, app, across;
