-- Foundry's three database roles and their rights in one database. Run it as a superuser, connected to that
-- database; running it again changes nothing. On your own servers give the roles passwords afterwards.
--   foundry_owner    owns the tables, runs migrations
--   foundry_app      console, API and workers: reads and writes rows; no right on what is append-only
--   foundry_gateway  nothing here; migrations grant it the views and functions of the schema "gateway"
DO $$
DECLARE wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['foundry_owner', 'foundry_app', 'foundry_gateway'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', wanted);
        END IF;
    END LOOP;
    ALTER ROLE foundry_owner CREATEDB;
    EXECUTE format('ALTER DATABASE %I OWNER TO foundry_owner', current_database());
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO foundry_app', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO foundry_gateway', current_database());
END $$;
ALTER SCHEMA public OWNER TO foundry_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO foundry_app;
ALTER DEFAULT PRIVILEGES FOR ROLE foundry_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO foundry_app;
ALTER DEFAULT PRIVILEGES FOR ROLE foundry_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO foundry_app;
