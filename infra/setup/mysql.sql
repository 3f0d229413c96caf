-- Run on each `infra/services up`, and by the container when its data is made. The user may do all on the databases whose
-- names start with `stackdiff`, and nothing else; it has no password, as the server listens on this machine alone.
CREATE USER IF NOT EXISTS stackdiff@'%';
GRANT ALL ON `stackdiff%`.* TO stackdiff@'%';
CREATE DATABASE IF NOT EXISTS stackdiff;
