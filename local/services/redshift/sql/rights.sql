-- Rights that Redshift keeps and PostgreSQL does not, and system views that only superusers read. Run for every new
-- database and when a server first opens one: a database that an older version made gets them, too.
SET allow_system_table_mods = on;
SET search_path = pg_catalog;
SET client_min_messages = warning;

-- Who may have COPY and UNLOAD use which IAM role of the warehouse (dg/r_GRANT, ASSUMEROLE): at first everybody every role.
-- iam_role: an ARN, 'default', or 'all'. grantee: oid of a user, group or role; 0 = PUBLIC.
DO $$ BEGIN
  IF to_regclass('redshift_meta.assume_role') IS NULL THEN
    CREATE TABLE redshift_meta.assume_role (
      iam_role text NOT NULL, command text NOT NULL, grantee oid NOT NULL, PRIMARY KEY (iam_role, command, grantee));
    INSERT INTO redshift_meta.assume_role
      SELECT 'all', command, 0 FROM unnest(ARRAY['COPY', 'UNLOAD', 'EXTERNAL FUNCTION', 'CREATE MODEL']) AS c(command);
  END IF;
END $$;

CREATE OR REPLACE FUNCTION redshift_change_assume_role(is_grant boolean, iam_roles text[], commands text[], grantees oid[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
$$ BEGIN
     IF NOT redshift_is_superuser() THEN
       RAISE insufficient_privilege USING MESSAGE = 'permission denied: only a superuser grants and revokes ASSUMEROLE';
     ELSIF is_grant THEN
       INSERT INTO redshift_meta.assume_role
         SELECT r, c, g FROM unnest(iam_roles) AS r, unnest(commands) AS c, unnest(grantees) AS g ON CONFLICT DO NOTHING;
     ELSE
       DELETE FROM redshift_meta.assume_role a
        WHERE a.grantee = ANY (grantees) AND a.command = ANY (commands)
          AND ('all' = ANY (iam_roles) OR a.iam_role = ANY (iam_roles));
     END IF;
   END $$;

CREATE OR REPLACE FUNCTION redshift_may_assume_role(names text[], command text) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS
$$ SELECT redshift_is_superuser() OR EXISTS (
     SELECT 1 FROM redshift_meta.assume_role a LEFT JOIN pg_roles r ON r.oid = a.grantee
      WHERE a.command = $2 AND (a.iam_role = 'all' OR a.iam_role = ANY (names))
        AND (a.grantee = 0 OR pg_has_role(session_user, r.oid, 'USAGE'))) $$;

-- Statistics hold values of columns, also those that a mask hides from whoever may read the table.
REVOKE ALL ON pg_statistic, pg_statistic_ext_data, pg_stats, pg_stats_ext, pg_stats_ext_exprs FROM PUBLIC;
