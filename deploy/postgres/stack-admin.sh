# Run by the image once, on an empty volume: the login that makes all the others (docs/deploying.md).
psql --set ON_ERROR_STOP=1 --set password="$STACK_ADMIN_PASSWORD" --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE stack_admin LOGIN CREATEROLE PASSWORD :'password';
CREATE DATABASE stack OWNER stack_admin;
SQL
