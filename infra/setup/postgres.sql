-- Run by psql on each `infra/services up`, and by the container when its data is made. The role may make databases and
-- is no superuser; there is no password, as the server listens on this machine alone.
SELECT 'CREATE ROLE stackdiff LOGIN CREATEDB'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stackdiff') \gexec
SELECT 'CREATE DATABASE stackdiff OWNER stackdiff'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'stackdiff') \gexec
