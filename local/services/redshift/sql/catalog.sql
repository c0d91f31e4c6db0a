-- What Redshift knows of a database and PostgreSQL does not: attributes of tables, load history, policies. Everything is
-- keyed by the object's oid, so that a rename keeps it and a rollback or a DROP takes it along.
CREATE SCHEMA redshift_meta;
GRANT USAGE ON SCHEMA redshift_meta TO public;

CREATE TABLE redshift_meta.tables (
  relation oid PRIMARY KEY, diststyle text, distkey text, sortkeys text[] NOT NULL DEFAULT '{}', sortstyle text,
  encodings jsonb NOT NULL DEFAULT '{}', primary_key text[] NOT NULL DEFAULT '{}', uniques jsonb NOT NULL DEFAULT '[]',
  foreign_keys jsonb NOT NULL DEFAULT '[]');
CREATE TABLE redshift_meta.materialized_views (
  relation oid PRIMARY KEY, auto_refresh boolean NOT NULL, incremental boolean NOT NULL, reason text,
  bases oid[] NOT NULL, refreshed_changes bigint NOT NULL DEFAULT 0, refreshed_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE redshift_meta.changes (relation oid PRIMARY KEY, changes bigint NOT NULL);
CREATE TABLE redshift_meta.late_binding_views (relation oid PRIMARY KEY, query text NOT NULL);
CREATE TABLE redshift_meta.external_schemas (
  schema_name text PRIMARY KEY, glue_database text NOT NULL, iam_role text NOT NULL);
CREATE TABLE redshift_meta.masking_policies (policy text PRIMARY KEY, inputs jsonb NOT NULL, expression text NOT NULL);
CREATE TABLE redshift_meta.attached_masks (
  policy text NOT NULL REFERENCES redshift_meta.masking_policies, relation oid NOT NULL, columns text[] NOT NULL,
  grantee text NOT NULL, priority int NOT NULL, PRIMARY KEY (relation, columns, grantee));
CREATE TABLE redshift_meta.row_policies (policy text PRIMARY KEY, expression text NOT NULL);

-- history: written over a connection of its own, because it survives the rollback of what it describes
CREATE TABLE redshift_meta.queries (
  query_id bigint GENERATED ALWAYS AS IDENTITY (START 1000) PRIMARY KEY, user_name text NOT NULL, session_id int NOT NULL,
  query_type text NOT NULL, status text NOT NULL, query_text text NOT NULL, start_time timestamp NOT NULL,
  end_time timestamp, elapsed_time bigint, returned_rows bigint, error_message text, query_label text NOT NULL);
CREATE TABLE redshift_meta.loads (
  query_id bigint PRIMARY KEY, user_name text NOT NULL, table_name text NOT NULL, data_source text NOT NULL,
  file_format text NOT NULL, loaded_rows bigint NOT NULL, loaded_bytes bigint NOT NULL, source_file_count int NOT NULL,
  error_count int NOT NULL, status text NOT NULL, start_time timestamp NOT NULL, end_time timestamp NOT NULL);
CREATE TABLE redshift_meta.load_files (
  query_id bigint NOT NULL, file_name text NOT NULL, lines bigint NOT NULL, bytes bigint NOT NULL, loaded_at timestamp NOT NULL);
CREATE TABLE redshift_meta.load_errors (
  query_id bigint NOT NULL, user_name text NOT NULL, session_id int NOT NULL, table_id bigint NOT NULL,
  start_time timestamp NOT NULL, file_name text NOT NULL, line_number bigint NOT NULL, column_name text NOT NULL,
  column_type text NOT NULL, column_length text NOT NULL, raw_line text NOT NULL, raw_field_value text NOT NULL,
  error_code int NOT NULL, error_message text NOT NULL);
CREATE TABLE redshift_meta.unloads (
  query_id bigint PRIMARY KEY, user_name text NOT NULL, path text NOT NULL, rows bigint NOT NULL, bytes bigint NOT NULL,
  file_format text NOT NULL, end_time timestamp NOT NULL);
GRANT SELECT ON redshift_meta.tables, redshift_meta.materialized_views, redshift_meta.changes,
  redshift_meta.late_binding_views, redshift_meta.external_schemas, redshift_meta.masking_policies,
  redshift_meta.attached_masks, redshift_meta.row_policies TO public;

SET allow_system_table_mods = on;
SET search_path = pg_catalog;

CREATE FUNCTION redshift_is_superuser() RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT rolsuper FROM pg_roles WHERE rolname = session_user $$;

-- Users write the metadata through these functions only, inside their own transaction; each checks their right to do so.
CREATE FUNCTION redshift_require_owner(relation oid) RETURNS void LANGUAGE plpgsql STABLE AS
$$ BEGIN
     IF NOT EXISTS (SELECT 1 FROM pg_class c WHERE c.oid = relation AND pg_has_role(session_user, c.relowner, 'USAGE')) THEN
       RAISE insufficient_privilege USING MESSAGE = format('must be owner of relation %s', relation::regclass);
     END IF;
   END $$;

CREATE FUNCTION redshift_require_security_admin() RETURNS void LANGUAGE plpgsql STABLE AS
$$ BEGIN
     IF NOT redshift_is_superuser() AND NOT pg_has_role(session_user, 'sys:secadmin', 'USAGE') THEN
       RAISE insufficient_privilege USING MESSAGE = 'permission denied: a superuser or a member of sys:secadmin is needed';
     END IF;
   END $$;

CREATE FUNCTION redshift_set_table(relation oid, attributes jsonb) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
$$ BEGIN
     PERFORM redshift_require_owner(relation);
     INSERT INTO redshift_meta.tables AS t (relation) VALUES ($1) ON CONFLICT DO NOTHING;
     UPDATE redshift_meta.tables AS t SET
       diststyle = CASE WHEN attributes ? 'diststyle' THEN attributes ->> 'diststyle' ELSE t.diststyle END,
       distkey = CASE WHEN attributes ? 'distkey' THEN attributes ->> 'distkey' ELSE t.distkey END,
       sortstyle = CASE WHEN attributes ? 'sortstyle' THEN attributes ->> 'sortstyle' ELSE t.sortstyle END,
       sortkeys = CASE WHEN attributes ? 'sortkeys'
         THEN ARRAY(SELECT jsonb_array_elements_text(attributes -> 'sortkeys')) ELSE t.sortkeys END,
       encodings = t.encodings || coalesce(attributes -> 'encodings', '{}'),
       primary_key = CASE WHEN attributes ? 'primary_key'
         THEN ARRAY(SELECT jsonb_array_elements_text(attributes -> 'primary_key')) ELSE t.primary_key END,
       uniques = coalesce(attributes -> 'uniques', t.uniques),
       foreign_keys = coalesce(attributes -> 'foreign_keys', t.foreign_keys)
     WHERE t.relation = $1;
   END $$;

CREATE FUNCTION redshift_set_materialized_view(relation oid, auto_refresh boolean, incremental boolean, reason text, bases oid[])
  RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
$$ DECLARE base oid;
   BEGIN
     PERFORM redshift_require_owner(relation);
     INSERT INTO redshift_meta.materialized_views VALUES ($1, $2, $3, $4, $5, 0, now());
     FOREACH base IN ARRAY bases LOOP PERFORM redshift_watch(base); END LOOP;
     UPDATE redshift_meta.materialized_views AS m SET refreshed_changes = redshift_changes(m.bases) WHERE m.relation = $1;
   END $$;

CREATE FUNCTION redshift_set_auto_refresh(relation oid, auto_refresh boolean) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
$$ BEGIN
     PERFORM redshift_require_owner(relation);
     UPDATE redshift_meta.materialized_views AS m SET auto_refresh = $2 WHERE m.relation = $1;
   END $$;

CREATE FUNCTION redshift_mark_refreshed(relation oid) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
$$ BEGIN
     PERFORM redshift_require_owner(relation);
     UPDATE redshift_meta.materialized_views AS m
        SET refreshed_changes = redshift_changes(m.bases), refreshed_at = now() WHERE m.relation = $1;
     UPDATE redshift_meta.changes AS c SET changes = changes + 1 WHERE c.relation = $1;
   END $$;

CREATE FUNCTION redshift_set_late_binding_view(relation oid, query text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
$$ BEGIN
     PERFORM redshift_require_owner(relation);
     INSERT INTO redshift_meta.late_binding_views VALUES ($1, $2)
       ON CONFLICT ON CONSTRAINT late_binding_views_pkey DO UPDATE SET query = excluded.query;
   END $$;

CREATE FUNCTION redshift_set_external_schema(schema_name text, glue_database text, iam_role text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
$$ BEGIN
     IF NOT EXISTS (SELECT 1 FROM pg_namespace n WHERE n.nspname = $1 AND pg_has_role(session_user, n.nspowner, 'USAGE')) THEN
       RAISE insufficient_privilege USING MESSAGE = format('must be owner of schema %s', $1);
     END IF;
     INSERT INTO redshift_meta.external_schemas VALUES ($1, $2, $3);
   END $$;

CREATE FUNCTION redshift_create_masking_policy(policy text, inputs jsonb, expression text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
$$ BEGIN
     PERFORM redshift_require_security_admin();
     INSERT INTO redshift_meta.masking_policies VALUES ($1, $2, $3);
   EXCEPTION WHEN unique_violation THEN
     RAISE duplicate_object USING MESSAGE = format('masking policy "%s" already exists', $1);
   END $$;

CREATE FUNCTION redshift_drop_masking_policy(policy text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
$$ BEGIN
     PERFORM redshift_require_security_admin();
     IF EXISTS (SELECT 1 FROM redshift_meta.attached_masks a JOIN pg_class c ON c.oid = a.relation WHERE a.policy = $1) THEN
       RAISE dependent_objects_still_exist USING MESSAGE = format('masking policy "%s" is attached to a table', $1);
     END IF;
     DELETE FROM redshift_meta.attached_masks a WHERE a.policy = $1;
     DELETE FROM redshift_meta.masking_policies m WHERE m.policy = $1;
     IF NOT FOUND THEN RAISE undefined_object USING MESSAGE = format('masking policy "%s" does not exist', $1); END IF;
   END $$;

CREATE FUNCTION redshift_attach_mask(policy text, relation oid, columns text[], grantee text, priority int) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
$$ BEGIN
     PERFORM redshift_require_security_admin();
     IF NOT EXISTS (SELECT 1 FROM redshift_meta.masking_policies m WHERE m.policy = $1) THEN
       RAISE undefined_object USING MESSAGE = format('masking policy "%s" does not exist', $1);
     END IF;
     IF (SELECT c.relkind <> 'r' OR c.relpersistence = 't' FROM pg_class c WHERE c.oid = $2) THEN
       RAISE wrong_object_type USING MESSAGE = 'masking policies are attached to permanent tables only';
     END IF;
     IF EXISTS (SELECT 1 FROM redshift_meta.attached_masks a
                 WHERE a.relation = $2 AND a.columns && $3 AND (a.grantee = $4 OR a.priority = $5)) THEN
       RAISE duplicate_object USING MESSAGE =
         format('a masking policy is already attached to column %s for %s, or with priority %s', $3[1], $4, $5);
     END IF;
     INSERT INTO redshift_meta.attached_masks VALUES ($1, $2, $3, $4, $5);
   END $$;

CREATE FUNCTION redshift_detach_mask(policy text, relation oid, grantee text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
$$ BEGIN
     PERFORM redshift_require_security_admin();
     DELETE FROM redshift_meta.attached_masks a WHERE a.policy = $1 AND a.relation = $2 AND a.grantee = $3;
     IF NOT FOUND THEN RAISE undefined_object USING MESSAGE = format('masking policy "%s" is not attached', $1); END IF;
   END $$;

CREATE FUNCTION redshift_create_row_policy(policy text, expression text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
$$ BEGIN
     PERFORM redshift_require_security_admin();
     INSERT INTO redshift_meta.row_policies VALUES ($1, $2);
   END $$;

-- Staleness of materialized views: a statement trigger counts the committed changes of each base table, exactly and in
-- the same transaction (statistics counters are late and count what was rolled back).
CREATE FUNCTION redshift_count_change() RETURNS trigger
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
$$ BEGIN
     UPDATE redshift_meta.changes SET changes = changes + 1 WHERE relation = TG_RELID;
     RETURN NULL;
   END $$;

CREATE FUNCTION redshift_watch(base oid) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS
$$ BEGIN
     INSERT INTO redshift_meta.changes VALUES (base, 0) ON CONFLICT DO NOTHING;
     IF FOUND AND EXISTS (SELECT 1 FROM pg_class WHERE oid = base AND relkind = 'r') THEN
       EXECUTE format('CREATE TRIGGER redshift_count_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s '
                      'FOR EACH STATEMENT EXECUTE FUNCTION pg_catalog.redshift_count_change()', base::regclass);
     END IF;
   END $$;

CREATE FUNCTION redshift_changes(bases oid[]) RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT coalesce(sum(changes), 0)::bigint FROM redshift_meta.changes WHERE relation = ANY (bases) $$;
REVOKE EXECUTE ON FUNCTION redshift_watch(oid) FROM public;

-- System views. History shows a user only what that user ran; superusers see everything (as on Redshift).
CREATE VIEW stl_load_errors AS
  SELECT 100 AS userid, 0 AS slice, table_id AS tbl, start_time AS starttime, session_id AS session, query_id AS query,
         file_name AS filename, line_number, column_name AS colname, column_type AS type, column_length AS col_length,
         0 AS position, raw_line, raw_field_value, error_code AS err_code, error_message AS err_reason
    FROM redshift_meta.load_errors WHERE user_name = session_user OR redshift_is_superuser();
CREATE VIEW sys_load_error_detail AS
  SELECT 100 AS user_id, query_id, 0::bigint AS transaction_id, session_id, current_database()::text AS database_name,
         table_id, start_time, file_name, line_number, column_name, column_type, column_length, 0 AS position, raw_line,
         raw_field_value, error_code, error_message
    FROM redshift_meta.load_errors WHERE user_name = session_user OR redshift_is_superuser();
CREATE VIEW sys_query_history AS
  SELECT 100 AS user_id, query_id, query_label, 0::bigint AS transaction_id, session_id,
         current_database()::text AS database_name, query_type, status, false AS result_cache_hit, start_time, end_time,
         elapsed_time, 0::bigint AS queue_time, elapsed_time AS execution_time, error_message, returned_rows,
         0::bigint AS returned_bytes, query_text, user_name AS username
    FROM redshift_meta.queries WHERE user_name = session_user OR redshift_is_superuser();
CREATE VIEW stl_query AS
  SELECT 100 AS userid, query_id AS query, query_label AS label, 0::bigint AS xid, session_id AS pid,
         current_database()::text AS database, query_text AS querytxt, start_time AS starttime, end_time AS endtime,
         CASE status WHEN 'failed' THEN 1 ELSE 0 END AS aborted
    FROM redshift_meta.queries WHERE user_name = session_user OR redshift_is_superuser();
CREATE VIEW sys_load_history AS
  SELECT 100 AS user_id, query_id, status, table_name, data_source, file_format, loaded_rows, loaded_bytes,
         loaded_bytes AS source_file_bytes, source_file_count, source_file_count AS file_count_scanned,
         0 AS file_count_skipped, error_count, start_time, end_time,
         (extract(epoch FROM end_time - start_time) * 1000000)::bigint AS duration, current_database()::text AS database_name
    FROM redshift_meta.loads WHERE user_name = session_user OR redshift_is_superuser();
CREATE VIEW stl_load_commits AS
  SELECT f.query_id AS query, f.file_name AS filename, f.lines AS lines_scanned, f.loaded_at AS curtime, 1 AS status
    FROM redshift_meta.load_files f JOIN redshift_meta.loads l USING (query_id)
   WHERE l.user_name = session_user OR redshift_is_superuser();
CREATE VIEW sys_unload_history AS
  SELECT 100 AS user_id, query_id, path AS file_path, rows AS unloaded_rows, bytes AS unloaded_files_size, file_format,
         end_time, current_database()::text AS database_name
    FROM redshift_meta.unloads WHERE user_name = session_user OR redshift_is_superuser();

-- skew, unsorted and vacuum benefit are constants: one node stores everything here
CREATE VIEW svv_table_info AS
  SELECT current_database()::text AS database, n.nspname::text AS schema, c.oid::bigint AS table_id, c.relname::text AS "table",
         CASE WHEN coalesce(m.encodings, '{}') = '{}' THEN 'Y, AUTO(ENCODE)' ELSE 'Y' END AS encoded,
         CASE WHEN upper(m.diststyle) = 'KEY' THEN 'KEY(' || m.distkey || ')'
              WHEN m.diststyle IS NULL OR upper(m.diststyle) = 'AUTO' THEN 'AUTO(ALL)'
              ELSE upper(m.diststyle) END AS diststyle,
         coalesce(m.sortkeys[1], 'AUTO(SORTKEY)') AS sortkey1,
         (SELECT max(a.atttypmod - 4) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.atttypid = 1043) AS max_varchar,
         NULL::text AS sortkey1_enc, coalesce(cardinality(m.sortkeys), 0) AS sortkey_num,
         (pg_total_relation_size(c.oid) / 1048576)::bigint AS size, NULL::numeric AS pct_used, 0::bigint AS empty,
         0::numeric(5, 2) AS unsorted,
         CASE WHEN c.reltuples < 0 THEN NULL WHEN c.reltuples = s.n_live_tup THEN 0.0
              ELSE least(100.0, 100.0 * abs(s.n_live_tup - greatest(c.reltuples, 0)) / greatest(s.n_live_tup, 1)) END
           AS stats_off,
         greatest(s.n_live_tup, c.reltuples::bigint)::numeric AS tbl_rows, 1.0::numeric AS skew_sortkey1,
         1.0::numeric AS skew_rows, c.reltuples::numeric AS estimated_visible_rows, NULL::text AS risk_event,
         0::numeric AS vacuum_sort_benefit
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN redshift_meta.tables m ON m.relation = c.oid
    LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
   WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'redshift_meta')
     AND n.nspname NOT LIKE 'pg\_t%' AND has_table_privilege(c.oid, 'SELECT');
CREATE VIEW svv_mv_info AS
  SELECT current_database()::text AS database_name, n.nspname::text AS schema_name, pg_get_userbyid(c.relowner)::text AS user_name,
         c.relname::text AS name,
         redshift_changes(m.bases) <> m.refreshed_changes
           OR EXISTS (SELECT 1 FROM unnest(m.bases) AS b(base) LEFT JOIN pg_class x ON x.oid = b.base WHERE x.oid IS NULL)
           AS is_stale,
         CASE WHEN m.incremental THEN 1 ELSE 0 END AS state, false AS autorewrite, m.auto_refresh AS autorefresh,
         m.reason, m.refreshed_at AT TIME ZONE 'UTC' AS last_refresh_time
    FROM redshift_meta.materialized_views m
    JOIN pg_class c ON c.oid = m.relation
    JOIN pg_namespace n ON n.oid = c.relnamespace;
CREATE VIEW svv_external_schemas AS
  SELECT 0 AS esoid, 1 AS eskind, schema_name AS schemaname, 100 AS esowner, glue_database AS databasename,
         iam_role AS esoptions
    FROM redshift_meta.external_schemas e JOIN pg_namespace n ON n.nspname = e.schema_name;
CREATE VIEW svv_masking_policy AS
  SELECT current_database()::text AS policy_database, policy AS policy_name, inputs::text AS input_columns,
         expression AS policy_expression
    FROM redshift_meta.masking_policies;
CREATE VIEW svv_attached_masking_policy AS
  SELECT policy AS policy_name, n.nspname::text AS schema_name, c.relname::text AS table_name, 'table'::text AS table_type,
         pg_get_userbyid(c.relowner)::text AS grantor, grantee,
         CASE WHEN grantee = 'public' THEN 'public'
              WHEN EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = grantee AND NOT r.rolcanlogin) THEN 'role'
              ELSE 'user' END AS grantee_type,
         priority, to_json(columns)::text AS input_columns, to_json(columns)::text AS output_columns
    FROM redshift_meta.attached_masks a
    JOIN pg_class c ON c.oid = a.relation
    JOIN pg_namespace n ON n.oid = c.relnamespace;
CREATE VIEW svv_rls_policy AS
  SELECT current_database()::text AS poldb, policy AS polname, expression AS polqual FROM redshift_meta.row_policies;
CREATE VIEW pg_table_def AS
  SELECT n.nspname AS schemaname, c.relname AS tablename, a.attname AS "column",
         format_type(a.atttypid, a.atttypmod) AS type, coalesce(m.encodings ->> a.attname::text, 'none') AS encoding,
         coalesce(m.distkey = a.attname, false) AS distkey, coalesce(array_position(m.sortkeys, a.attname::text), 0) AS sortkey,
         a.attnotnull AS "notnull"
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN redshift_meta.tables m ON m.relation = c.oid
   WHERE c.relkind IN ('r', 'm', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'redshift_meta')
     AND n.nspname = ANY (current_schemas(false));
CREATE VIEW svv_columns AS
  SELECT table_catalog::text, table_schema::text, table_name::text, column_name::text, ordinal_position::int,
         column_default::text, is_nullable::text, data_type::text, character_maximum_length::int, numeric_precision::int,
         numeric_scale::int, NULL::text AS remarks
    FROM information_schema.columns WHERE table_schema <> 'redshift_meta'
  UNION ALL
  -- PostgreSQL's information_schema leaves materialized views out; in Redshift they are views with columns like others
  SELECT current_database()::text, n.nspname::text, c.relname::text, a.attname::text, a.attnum::int, NULL::text,
         CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END, format_type(a.atttypid, NULL)::text,
         CASE WHEN a.atttypid IN (1042, 1043) AND a.atttypmod > 4 THEN a.atttypmod - 4 END::int,
         CASE WHEN a.atttypid = 1700 AND a.atttypmod > 4 THEN (a.atttypmod - 4) >> 16 END::int,
         CASE WHEN a.atttypid = 1700 AND a.atttypmod > 4 THEN (a.atttypmod - 4) & 65535 END::int, NULL::text
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
   WHERE c.relkind = 'm' AND n.nspname <> 'redshift_meta' AND has_table_privilege(c.oid, 'SELECT');
CREATE VIEW svv_tables AS
  SELECT table_catalog::text, table_schema::text, table_name::text, table_type::text, NULL::text AS remarks
    FROM information_schema.tables WHERE table_schema <> 'redshift_meta';
CREATE VIEW svv_roles AS
  SELECT oid::bigint AS role_id, rolname::text AS role_name, NULL::text AS role_owner FROM pg_roles
   WHERE NOT rolcanlogin AND rolname NOT LIKE 'pg\_%';
CREATE VIEW svv_user_grants AS
  SELECT u.oid::bigint AS user_id, u.rolname::text AS user_name, r.oid::bigint AS role_id, r.rolname::text AS role_name,
         m.admin_option
    FROM pg_auth_members m JOIN pg_roles u ON u.oid = m.member JOIN pg_roles r ON r.oid = m.roleid WHERE u.rolcanlogin;
GRANT SELECT ON stl_load_errors, sys_load_error_detail, sys_query_history, stl_query, sys_load_history, stl_load_commits,
  sys_unload_history, svv_table_info, svv_mv_info, svv_external_schemas, svv_masking_policy, svv_attached_masking_policy,
  svv_rls_policy, pg_table_def, svv_columns, svv_tables, svv_roles, svv_user_grants TO public;

CREATE FUNCTION redshift_forget_external_schemas(names text[]) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS
$$ DELETE FROM redshift_meta.external_schemas e
    WHERE e.schema_name = ANY (names) AND NOT EXISTS (SELECT 1 FROM pg_namespace n WHERE n.nspname = e.schema_name) $$;
